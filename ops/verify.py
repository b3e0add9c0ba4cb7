"""Compares what the program declares with what a live account has. Only reads."""

import json
import time
from dataclasses import asdict, dataclass

from rich.console import Console

from ops import drift
from ops.aws import account
from ops.aws.clients import Clients
from ops.aws.resources import table
from ops.console import count, print_differences
from ops.engine import program
from ops.engine.plan import Plan
from ops.engine.project import Stack


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What was compared, in which region and where exactly, and how long it took in seconds."""

    stack: Stack
    plan: Plan
    region: str
    where: str
    drift: drift.Drift
    seconds: float


def verify(stack: Stack, region: str, clients: Clients) -> Verification:
    """Record the plan of a stack, as a preview does, and read all of it from the account.

    Raises PlanError also where it is another account than the stack's, and where none of the tables is there.
    """
    started = time.perf_counter()
    plan = program.preview(stack)
    with account.reading(region) as pool:
        account.refuse_another(stack, clients)
        found = drift.find(plan, clients, pool.map)
    account.refuse_if_elsewhere(stack.name, region, plan, found.live[table.TYPE])
    seconds = time.perf_counter() - started
    where = account.where(region, clients)
    return Verification(stack=stack, plan=plan, region=region, where=where, drift=found, seconds=seconds)


def as_json(verification: Verification) -> str:
    """Return a verification as one JSON object."""
    found = verification.drift
    result = {
        "project": verification.stack.project,
        "stack": verification.stack.name,
        "region": verification.region,
        "checked": found.checked,
        "differences": [asdict(difference) for difference in found.differences],
        "ok": not found.differences,
    }
    return json.dumps(result, indent=2)


def print_verification(verification: Verification, out: Console) -> None:
    """Print what differs, and the outcome."""
    found, resources = verification.drift, sum(resource.custom for resource in verification.plan.resources)
    print_differences(found.differences, out)
    different = count(len(found.differences), "difference")
    verdict = f"[red]{different}[/]" if found.differences else "[green]no difference[/]"
    what = f"{found.checked} properties of {resources} resources of {verification.stack.name}"
    out.print(f"{verdict}: {what} compared with {verification.where} ({verification.seconds:.1f} s)")
