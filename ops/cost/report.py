"""What cost prints: for a person, and as JSON for a machine."""

import json
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from ops.console import count, print_table
from ops.cost.curves import MINUTES
from ops.cost.month import Month, Range, Table, Throttling
from ops.cost.target_tracking import ASSUMPTIONS
from ops.engine.project import Stack


def as_json(stack: Stack, month: Month) -> str:
    """Return a month as one JSON object. A range is a list of its two ends, in dollars or units."""
    result = {
        "project": stack.project,
        "stack": stack.name,
        "region": month.prices.region,
        "prices": month.prices.date,
        "tables": [_table(table) for table in month.tables],
        "alarms": {"number": month.alarms, "usd": month.alarms * month.prices.alarm_month},
        "totals": _totals(month),
        "assumptions": {
            name: {"what": each.what, "variants": list(each.variants.values())} for name, each in ASSUMPTIONS.items()
        },
        "not_counted": month.not_counted,
    }
    return json.dumps(result, indent=2)


def _table(table: Table) -> dict[str, Any]:
    throttled = table.throttling if table.deployed.is_provisioned else []
    return {
        "table": table.deployed.name,
        "deployed": "provisioned" if table.deployed.is_provisioned else "on demand",
        "cheaper": table.cheaper,
        "storage": table.storage,
        "recovery": table.recovery,
        "month": [asdict(bill) | {"resource": bill.resource or None} for bill in table.bills],
        "capacities": [
            {
                "resource": resource or None,
                "access": access,
                "unit_hours": table.paid(number),
                "without_throttling": {"minimum": fit.minimum, "maximum": fit.maximum},
            }
            for number, ((resource, access), fit) in enumerate(table.fit.items())
        ],
        "throttled": [asdict(each) | {"resource": each.resource or None, "by": each.by or None} for each in throttled],
    }


def print_month(stack: Stack, month: Month, out: Console) -> None:
    """Print a row for each table and index, what is throttled, the totals, and what was not counted."""
    rows = []
    for table in month.tables:
        for bill in table.bills:
            on_demand, provisioned = Text(f"{bill.on_demand:.2f}"), Text(bill.provisioned.text(2))
            (provisioned if table.deployed.is_provisioned else on_demand).append(" *")
            if not bill.resource and table.cheaper != "either":
                (provisioned if table.cheaper == "provisioned" else on_demand).stylize("green")
            name, cheaper = (f"  {bill.resource}", "") if bill.resource else (table.deployed.name, table.cheaper)
            rows.append([name, on_demand, provisioned, f"{bill.used:.0%}", f"{bill.crossover:.0%}", cheaper])
    print_table(out, rows, ("Table, index", "On demand", "Provisioned", "Used", "Break-even", "Cheaper"))
    out.print("\n[dim]US dollars for 31 days, without storage. * is deployed.")
    out.print("[dim]Used: the part of the provisioned capacity in use. Above the break-even, provisioned is cheaper.")
    out.print("[dim]Cheaper: for the table together with its indexes.")
    for table in month.tables:
        if table.deployed.is_provisioned:
            _print_provisioned(table, out)
    out.print()
    totals = [[name, total.text(2)] for name, total in _totals(month).items()]
    print_table(out, totals, ("Total", "US dollars"))
    out.print(f"\nRanges cover what AWS doesn't say (docs/cost.md): {', '.join(ASSUMPTIONS)}")
    out.print("Not counted:")
    for each in month.not_counted:
        out.print(f"  {escape(each)}", soft_wrap=True)
    out.print(f"\n[dim]{escape(stack.name)}, prices of {month.prices.region}, {month.prices.date}[/]")


def _print_provisioned(table: Table, out: Console) -> None:
    costs = f"provisioned for {table.provisioned.text(2)}, on demand {table.on_demand:.2f}"
    out.print(f"\n[bold]{escape(table.deployed.name)}[/]: {costs}")
    if not table.throttling:
        out.print("  [green]nothing is throttled[/]")
    for each in table.throttling:
        where = f"{each.access}s" + (f" of {each.resource}" if each.resource else "")
        out.print(f"  [red]throttled[/]: {escape(where)}", soft_wrap=True)
        for line in _lines(each):
            out.print(f"    {escape(line)}", soft_wrap=True)
    rows = []
    for number, ((resource, access), fit) in enumerate(table.fit.items()):
        units, scaling = table.deployed.capacities[resource, access]
        bounds = f"{scaling.minimum} to {scaling.maximum}" if scaling else f"{units}, fixed"
        needed = f"{fit.minimum} to {fit.maximum}"
        rows.append([f"  {resource or table.deployed.name}", f"{access}s", bounds, needed, table.paid(number).text()])
    out.print()
    print_table(out, rows, ("  Units: minimum to maximum", "", "Deployed", "Without throttling", "Unit-hours paid"))


def _lines(each: Throttling) -> list[str]:
    """Return what there is to say of throttling: how much, when, why, and for which question."""
    lines = [
        f"{each.units.text()} of {each.of:,.0f} units ({each.units.high / each.of:.1%} at worst)",
        f"from {when(each.minute)}; {count(each.minutes, 'minute')} of the month in all",
    ]
    if each.by != each.resource:
        lines.append(f"because {each.by or 'the table'} has too little write capacity")
    if each.burst_seconds is not None:
        lines.append(f"a full burst capacity delays it by {each.burst_seconds:.0f} s")
    if each.serves:
        low, high = (int(minute) - each.minute for minute in each.serves)
        after = count(high, "minute") if low == high else f"{low} to {count(high, 'minute')}"
        lines.append(f"autoscaling first adds capacity after {after}")
    questions = each.questions.items()
    return lines + [f"{question}: up to {units:,.0f} units" for question, units in questions if units >= 1]


def when(minute: int) -> str:
    """Return a minute of the month as its day and time."""
    day, time = divmod(minute, MINUTES)
    return f"{time // 60:02}:{time % 60:02} UTC on day {day + 1}"


def _totals(month: Month) -> dict[str, Range]:
    def on_demand(table: Table) -> Range:
        return Range.of([table.on_demand])

    return {
        "as deployed": month.total(lambda table: table.as_deployed),
        "all on demand": month.total(on_demand),
        "all provisioned": month.total(lambda table: table.provisioned),
        "each in its cheaper mode": month.total(
            lambda table: table.provisioned if table.cheaper == "provisioned" else on_demand(table)
        ),
        "of which storage": Range.of([sum(table.storage for table in month.tables)]),
        "of which recovery": Range.of([sum(table.recovery for table in month.tables)]),
        "of which alarms of the stack": Range.of([month.alarms * month.prices.alarm_month]),
    }
