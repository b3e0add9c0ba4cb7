"""Compares what the program declares with what a live account has. It only reads."""

import json
import time
from dataclasses import asdict, dataclass

from rich.console import Console

from ops import drift, markdown
from ops.aws import account
from ops.aws.clients import Clients
from ops.aws.resources import table
from ops.console import DIFFERENCE, count, difference_row, print_differences
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
    print_differences(verification.drift.differences, out)
    number, what = _verdict(verification)
    colour = "red" if verification.drift.differences else "green"
    out.print(f"[{colour}]{number}[/]: {what} ({verification.seconds:.1f} s)")


def as_markdown(verification: Verification) -> list[str]:
    """Return a verification as lines of Markdown: the result, then the differences that replace, then the others."""
    number, what = _verdict(verification)
    lines = [f"### {verification.stack.name}: verified", "", f"**{number}**: {what}"]
    replacing = [difference for difference in verification.drift.differences if difference.replaces]
    others = [difference for difference in verification.drift.differences if not difference.replaces]
    for title, differences in (
        ("A deployment would replace the table or rebuild the index", replacing),
        ("Other differences", others),
    ):
        if differences:
            rows = [map(markdown.code, difference_row(difference)) for difference in differences]
            lines += ["", f"{title}: {len(differences)}", "", *markdown.table(DIFFERENCE, rows)]
    return lines


def _verdict(verification: Verification) -> tuple[str, str]:
    """Return the number of differences, and what was compared."""
    comparison, resources = verification.drift, sum(resource.custom for resource in verification.plan.resources)
    number = count(len(comparison.differences), "difference") if comparison.differences else "no difference"
    what = f"{comparison.checked} properties of {resources} resources of {verification.stack.name}"
    return number, f"{what} compared with {verification.where}"
