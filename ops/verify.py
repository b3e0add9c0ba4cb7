"""Compares what the program declares with what a live account has. It only reads."""

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
    """The comparison of a stack with an account. `where` is the region and the endpoint."""

    stack: Stack
    plan: Plan
    region: str
    where: str
    drift: drift.Drift
    seconds: float


def verify(stack: Stack, region: str, clients: Clients) -> Verification:
    """Record the plan of a stack as a preview does, and compare it with the account.

    Raises PlanError if the program fails, or the account can't be read, is not the stack's, or has none of the tables.
    """
    started = time.perf_counter()
    plan = program.preview(stack)
    with account.reading(region) as pool:
        account.refuse_other_account(stack, clients)
        comparison = drift.find(plan, clients, pool.map)
    account.refuse_without_tables(stack.name, region, plan, comparison.live[table.TYPE])
    seconds = time.perf_counter() - started
    where = account.where(region, clients)
    return Verification(stack=stack, plan=plan, region=region, where=where, drift=comparison, seconds=seconds)


def as_json(verification: Verification) -> str:
    """Return a verification as one JSON object."""
    comparison = verification.drift
    result = {
        "project": verification.stack.project,
        "stack": verification.stack.name,
        "region": verification.region,
        "checked": comparison.checked,
        "differences": [asdict(difference) for difference in comparison.differences],
        "ok": not comparison.differences,
    }
    return json.dumps(result, indent=2)


def print_verification(verification: Verification, out: Console) -> None:
    """Print the differences and the result."""
    comparison, resources = verification.drift, sum(resource.custom for resource in verification.plan.resources)
    print_differences(comparison.differences, out)
    different = count(len(comparison.differences), "difference")
    verdict = f"[red]{different}[/]" if comparison.differences else "[green]no difference[/]"
    what = f"{comparison.checked} properties of {resources} resources of {verification.stack.name}"
    out.print(f"{verdict}: {what} compared with {verification.where} ({verification.seconds:.1f} s)")
