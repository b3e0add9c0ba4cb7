"""What cost prints: for a person, and as JSON for a machine."""

import json
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from ops.console import count, print_table
from ops.cost.curves import MINUTES
from ops.cost.month import Month, Range, Table
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
        "totals": {name: [total.low, total.high] for name, total in _totals(month).items()},
        "assumptions": {
            name: {"what": each.what, "variants": list(each.variants.values())} for name, each in ASSUMPTIONS.items()
        },
        "not_counted": month.not_counted,
    }
    return json.dumps(result, indent=2)


def _table(table: Table) -> dict[str, Any]:
    return {
        "table": table.deployed.name,
        "deployed": "provisioned" if table.deployed.is_provisioned else "on demand",
        "cheaper": table.cheaper,
        "storage": table.storage,
        "recovery": table.recovery,
        "month": [
            asdict(bill)
            | {"resource": bill.resource or None, "provisioned": [bill.provisioned.low, bill.provisioned.high]}
            for bill in table.bills
        ],
        "capacities": [
            {
                "resource": resource or None,
                "access": access,
                "unit_hours": [table.paid(number).low, table.paid(number).high],
                "without_throttling": {"minimum": fit.minimum, "maximum": fit.maximum},
            }
            for number, ((resource, access), fit) in enumerate(table.fit.items())
        ],
        "throttled": [
            {
                **asdict(each),
                "resource": each.resource or None,
                "by": each.by or None,
                "units": [each.units.low, each.units.high],
                "serves": [each.serves.low, each.serves.high] if each.serves else None,
            }
            for each in (table.throttling if table.deployed.is_provisioned else [])
        ],
    }


def print_month(stack: Stack, month: Month, out: Console) -> None:
    """Print a row for each table and index, what is throttled, the totals, and what was not counted."""
    rows = []
    for table in month.tables:
        for bill in table.bills:
            on_demand, provisioned = Text(f"{bill.on_demand:.2f}"), Text(_dollars(bill.provisioned))
            is_provisioned = table.deployed.is_provisioned
            (provisioned if is_provisioned else on_demand).append(" *")
            if not bill.resource and table.cheaper != "either":
                (provisioned if table.cheaper == "provisioned" else on_demand).stylize("green")
            name = f"  {bill.resource}" if bill.resource else table.deployed.name
            used = f"{bill.used:.0%} of {bill.crossover:.0%}"
            rows.append([name, on_demand, provisioned, used, "" if bill.resource else table.cheaper])
    print_table(out, rows, ("Table, index", "On demand", "Provisioned", "Used", "Cheaper"))
    out.print()
    out.print("[dim]US dollars for 31 days; * is deployed. Used: how much of the provisioned capacity is used, and the")
    out.print("[dim]part at which both modes cost the same. The cheaper mode of a table counts its indexes.")
    for table in month.tables:
        if table.deployed.is_provisioned:
            _print_throttling(table, out)
    out.print()
    totals = [[name, _dollars(total)] for name, total in _totals(month).items()]
    print_table(out, totals, ("Total", "US dollars"))
    out.print(f"\nAssumed, where AWS says nothing (see docs/cost.md): {', '.join(ASSUMPTIONS)}")
    out.print("Not counted:")
    for each in month.not_counted:
        out.print(f"  {escape(each)}", soft_wrap=True)
    out.print(f"\n[dim]{escape(stack.name)}, prices of {month.prices.region}, {month.prices.date}[/]")


def _print_throttling(table: Table, out: Console) -> None:
    out.print(f"\n[bold]{escape(table.deployed.name)}[/], provisioned")
    if not table.throttling:
        out.print("  [green]nothing is throttled[/]")
    for each in table.throttling:
        where = f"{each.access}s" + (f" of {each.resource}" if each.resource else "")
        part = f"{_units(each.units)} of {each.of:,.0f} units ({each.units.high / each.of:.0%})"
        out.print(f"  [red]throttled[/]: {escape(where)}, {part}", soft_wrap=True)
        out.print(f"    when: {when(each.minute)}, in {count(each.minutes, 'minute')} of the month", soft_wrap=True)
        if each.burst_seconds is not None:
            out.print(f"    the burst capacity, if it is full, lasts {each.burst_seconds:.0f} s", soft_wrap=True)
        if each.serves:
            low, high = (minute - each.minute for minute in (each.serves.low, each.serves.high))
            out.print(f"    autoscaling first adds capacity after {low:.0f} to {high:.0f} minutes", soft_wrap=True)
        if each.by != each.resource:
            out.print(f"    by the capacity of {escape(each.by or 'the table')}", soft_wrap=True)
        for question, units in each.questions.items():
            if units < 1:
                continue
            out.print(f"    {escape(question)}: {units:,.0f} units", soft_wrap=True)
    rows = []
    for number, ((resource, access), fit) in enumerate(table.fit.items()):
        now = table.deployed.capacities[resource, access]
        bounds = f"{now[1].minimum} to {now[1].maximum}" if now[1] else f"{now[0]}, fixed"
        smallest, paid = f"{fit.minimum} to {fit.maximum}", _units(table.paid(number))
        rows.append([f"  {resource or table.deployed.name}", f"{access}s", bounds, smallest, paid])
    out.print()
    print_table(out, rows, ("  Capacity", "", "Deployed", "Smallest without throttling", "Unit-hours"))


def when(minute: int) -> str:
    """Return a minute of the month as its day and time."""
    day, time = divmod(minute, MINUTES)
    return f"from {time // 60:02}:{time % 60:02} on day {day + 1}"


def _totals(month: Month) -> dict[str, Range]:
    def on_demand(table: Table) -> Range:
        return Range(table.on_demand, table.on_demand)

    return {
        "as deployed": month.total(lambda table: table.as_deployed),
        "all on demand": month.total(on_demand),
        "all provisioned": month.total(lambda table: table.provisioned),
        "each as is cheaper": month.total(
            lambda table: table.provisioned if table.cheaper == "provisioned" else on_demand(table)
        ),
        "of these: storage": _whole(sum(table.storage for table in month.tables)),
        "of these: recovery": _whole(sum(table.recovery for table in month.tables)),
        f"of these: {month.alarms} alarms of the stack": _whole(month.alarms * month.prices.alarm_month),
    }


def _whole(value: float) -> Range:
    return Range(value, value)


def _dollars(value: Range) -> str:
    low, high = f"{value.low:.2f}", f"{value.high:.2f}"
    return low if low == high else f"{low} to {high}"


def _units(value: Range) -> str:
    low, high = f"{value.low:,.0f}", f"{value.high:,.0f}"
    return low if low == high else f"{low} to {high}"
