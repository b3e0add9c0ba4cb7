"""The simulation of a month, against a pass over its minutes, and the command against that of a preview."""

from collections.abc import Iterator

from bench.measure import ROOT, Figure, in_turns, seconds
from ops.cost import deployed, month, prices, usage
from ops.cost.curves import DAYS, MINUTES
from ops.cost.target_tracking import VARIANTS
from ops.engine import program, project
from ops.rehearse import definitions


def figures() -> Iterator[Figure]:
    """Measure a month of all tables of prod, in every variant, by the minute."""
    stack = project.load(ROOT, "prod")
    plan, tables = program.preview(stack), definitions.load(ROOT).tables
    asked = usage.load(ROOT / "usage.yaml", tables, deployed.inputs_by_logical_name(plan))
    found = prices.load("eu-west-1")
    capacities = sum(2 * len(table.resources) for table in deployed.tables(plan))
    timings = {
        "ours": lambda: seconds(lambda: month.month(plan, asked, found)),
        "floor": lambda: seconds(lambda: _count(capacities * DAYS * MINUTES)),
    }
    values = in_turns(10, timings)
    what = (
        f"cost: 31 days of {capacities} capacities in up to {len(VARIANTS)} variants, against counting the minutes once"
    )
    yield Figure(what=what, values=values["ours"], floors=values["floor"], aim=20)


def _count(minutes: int) -> float:
    """Add up a number for each minute, as a simulation of one variant must at least."""
    units = 0.0
    for _ in range(minutes):
        units += 1.0
    return units
