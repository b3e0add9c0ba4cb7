"""What a month costs: each table on demand and provisioned, side by side, and where provisioned capacity throttles."""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ops.cost import deployed
from ops.cost.curves import MINUTES, minutes, peak, value_at
from ops.cost.deployed import Deployed
from ops.cost.prices import Prices
from ops.cost.target_tracking import VARIANTS, Capacity, Outcome, Scaling, Throttled, Variant, simulate
from ops.cost.usage import Usage
from ops.engine.plan import Plan

GB = 2**30
"""DynamoDB's sizes are binary: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html"""

SCALING_ALARMS = 4
"""Each policy makes four CloudWatch alarms: AlarmHigh, AlarmLow, ProvisionedCapacityHigh and ProvisionedCapacityLow:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/AutoScaling.html"""


class Range(NamedTuple):
    """The lowest and the highest of what the assumptions allow."""

    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Range":
        """Return the range of some values."""
        values = list(values)
        return cls(min(values), max(values))

    @classmethod
    def total(cls, ranges: Iterable["Range"], more: float = 0) -> "Range":
        """Return the sum of ranges and a number."""
        ranges = list(ranges)
        return cls(sum(each.low for each in ranges) + more, sum(each.high for each in ranges) + more)

    def text(self, decimals: int = 0) -> str:
        """Return both ends, or one number if they look the same."""
        low, high = (f"{value:,.{decimals}f}" for value in self)
        return low if low == high else f"{low} to {high}"


@dataclass(frozen=True, kw_only=True)
class Bill:
    """The month of a table or an index (`resource`), in dollars: its requests on demand, its capacity provisioned.

    Provisioned includes the alarms of autoscaling. `used` is the part of the provisioned capacity that is used, and
    `crossover` the part at which both cost the same; requests are weighted by their prices.
    """

    resource: str
    on_demand: float
    provisioned: Range
    used: float
    crossover: float


@dataclass(frozen=True, kw_only=True)
class Throttling:
    """What is throttled of a provisioned table: of the table or of an index (`resource`), reads or writes.

    `units` is the range over the assumptions; what follows is of the first variant, which has no burst capacity and
    is the slowest, with `burst_seconds` from one that has it all. `minute` is the first minute of the month and
    `minutes` how many there are. `by` is the resource whose capacity was too small. `serves` are the minutes of the
    month, over the assumptions, at which autoscaling first changes the capacity. `questions` have the units of each.
    """

    resource: str
    access: str
    units: Range
    of: float
    minute: int
    minutes: int
    by: str
    burst_seconds: float | None
    serves: Range | None
    questions: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Table:
    """The month of a table. `fit` are the smallest bounds that throttle nothing, by resource and access."""

    deployed: Deployed
    bills: list[Bill]
    storage: float
    recovery: float
    fit: dict[tuple[str, str], Scaling]
    throttling: list[Throttling]
    capacities: list[Capacity]
    outcomes: list[tuple[Variant, Outcome]]

    @property
    def on_demand(self) -> float:
        """The month on demand, with the indexes."""
        return sum(bill.on_demand for bill in self.bills)

    @property
    def provisioned(self) -> Range:
        """The month provisioned, with the indexes."""
        return Range.total(bill.provisioned for bill in self.bills)

    def paid(self, number: int) -> Range:
        """Return the unit-hours that are paid of one capacity: from the average of each hour to its highest."""
        outcomes = [outcome for _, outcome in self.outcomes]
        return Range(
            min(outcome.unit_minutes[number] / 60 for outcome in outcomes),
            max(outcome.unit_hours[number] for outcome in outcomes),
        )

    @property
    def as_deployed(self) -> Range:
        """The month as deployed, with the indexes."""
        return self.provisioned if self.deployed.is_provisioned else Range.of([self.on_demand])

    @property
    def cheaper(self) -> str:
        """The cheaper billing mode; "either" where the assumptions don't tell."""
        if self.provisioned.low <= self.on_demand <= self.provisioned.high:
            return "either"
        return "on demand" if self.on_demand < self.provisioned.low else "provisioned"


@dataclass(frozen=True, kw_only=True)
class Month:
    """The month of a stack, in dollars."""

    prices: Prices
    tables: list[Table]
    alarms: int
    not_counted: list[str]

    def total(self, part: Callable[[Table], Range]) -> Range:
        """Return the sum of a part of all tables, with storage, recovery and alarms."""
        rest = sum(table.storage + table.recovery for table in self.tables) + self.alarms * self.prices.alarm_month
        return Range.total(map(part, self.tables), rest)


def month(plan: Plan, usage: Usage, prices: Prices) -> Month:
    """Return what a month of a plan costs."""
    tables = [_table(each, usage, prices) for each in deployed.tables(plan)]
    not_counted = list(usage.not_counted)
    for table in tables:
        if table.deployed.has_stream:
            others = " that are not Lambda triggers, which read for free" if table.deployed.has_trigger else ""
            not_counted.append(f"{table.deployed.name}: reads of its stream by consumers{others}")
    not_counted += ["the free tier, which is the account's", "data transfer, backups, restores, KMS, Lambda, taxes"]
    return Month(prices=prices, tables=tables, alarms=deployed.alarms(plan), not_counted=not_counted)


def _table(each: Deployed, usage: Usage, prices: Prices) -> Table:
    keys = [(resource, access) for resource in each.resources for access in ("read", "write")]
    demands = {key: usage.demand(each.name, *key) for key in keys}
    fit = {key: smallest(Capacity(resource=key[0], access=key[1], demand=demands[key], units=1)) for key in keys}
    capacities = []
    for key in keys:
        units, scaling = each.capacities.get(key, (fit[key].minimum, fit[key]))
        capacities.append(Capacity(resource=key[0], access=key[1], demand=demands[key], units=units, scaling=scaling))
    outcomes = _outcomes(capacities)
    bills = [_bill(resource, capacities, outcomes, prices) for resource in each.resources]
    stored = sum(size for (name, _), size in usage.bytes.items() if name == each.name) / GB
    # Recovery is billed by the size of the table, without its global secondary indexes:
    # https://aws.amazon.com/dynamodb/pricing/on-demand/
    recovered = usage.bytes.get((each.name, ""), 0) / GB if each.has_recovery else 0
    return Table(
        deployed=each,
        bills=bills,
        storage=stored * prices.storage_gb_month,
        recovery=recovered * prices.recovery_gb_month,
        fit=fit,
        throttling=_throttling(each.name, capacities, outcomes, usage),
        capacities=capacities,
        outcomes=outcomes,
    )


def _outcomes(capacities: Sequence[Capacity]) -> list[tuple[Variant, Outcome]]:
    """Simulate each variant of the assumptions, or only the first if none of them matters."""
    first = simulate(capacities, VARIANTS[0])
    rest = VARIANTS[1:] if first.is_tracking else []
    return [(VARIANTS[0], first), *((variant, simulate(capacities, variant)) for variant in rest)]


def smallest(capacity: Capacity) -> Scaling:
    """Return the smallest minimum, and then the smallest maximum, with which nothing is throttled in any variant.

    One unit less of either throttles something. Cooldowns and target are those of the capacity, else none and 70 %.
    """
    base = capacity.scaling or Scaling(minimum=1, maximum=1)
    most = max(1, math.ceil(peak(capacity.demand) * 100 / base.target - 1e-9))

    def fits(minimum: int, maximum: int) -> bool:
        tried = replace(capacity, scaling=replace(base, minimum=minimum, maximum=maximum))
        # If nothing is throttled without burst capacity, nothing is with it: all that is asked is consumed either way.
        for variant in (variant for variant in VARIANTS if not variant.burst):
            outcome = simulate([tried], variant, stop=True)
            if outcome.throttled:
                return False
            if not outcome.is_tracking:
                break
        return True

    # What fits isn't monotone, so these are bounds that fit while one less doesn't, and not always the smallest of all.
    enough = max(1, math.ceil(peak(capacity.demand) - 1e-9))
    minimum = 1 + bisect_left(range(1, enough), 1, key=lambda units: fits(units, max(units, most)))
    maximum = minimum + bisect_left(range(minimum, max(minimum, most)), 1, key=lambda units: fits(minimum, units))
    return replace(base, minimum=minimum, maximum=maximum)


def _bill(
    resource: str, capacities: Sequence[Capacity], outcomes: Sequence[tuple[Variant, Outcome]], prices: Prices
) -> Bill:
    mine = [(number, each) for number, each in enumerate(capacities) if each.resource == resource]
    on_demand = sum(minutes(each.demand) * 60 * prices.request(each.access) for _, each in mine)
    alarms = sum(SCALING_ALARMS * prices.alarm_month for _, each in mine if each.scaling)

    def dollars(units: Callable[[Outcome], list[float]], price: Callable[[str], float]) -> Range:
        return Range.of(sum(units(outcome)[n] * price(each.access) for n, each in mine) for _, outcome in outcomes)

    # AWS bills the hours; it doesn't say whether by the highest capacity of the hour or by the average.
    high = dollars(lambda outcome: outcome.unit_hours, prices.unit_hour)
    low = dollars(lambda outcome: [units / 60 for units in outcome.unit_minutes], prices.unit_hour)
    provisioned = Range(low.low + alarms, high.high + alarms)
    whole = dollars(lambda outcome: [units * 60 for units in outcome.unit_minutes], prices.request)
    middle = (whole.low + whole.high) / 2
    return Bill(
        resource=resource,
        on_demand=on_demand,
        provisioned=provisioned,
        used=on_demand / middle,
        crossover=(provisioned.low + provisioned.high) / 2 / middle,
    )


def _throttling(
    name: str, capacities: Sequence[Capacity], outcomes: Sequence[tuple[Variant, Outcome]], usage: Usage
) -> list[Throttling]:
    result = []
    for number, capacity in enumerate(capacities):
        units = Range.of(outcome.units_throttled(number) for _, outcome in outcomes)
        records = [record for record in outcomes[0][1].throttled if record.number == number]
        if not records:
            continue
        first = records[0]
        bursts = [(v, r) for v, outcome in outcomes if v.burst for r in outcome.throttled if r.number == number]
        serves = [
            next((m for m, which, _ in o.changes if which == first.by and m > first.minute), None) for _, o in outcomes
        ]
        each = Throttling(
            resource=capacity.resource,
            access=capacity.access,
            units=units,
            of=minutes(capacity.demand) * 60,
            minute=first.minute,
            minutes=sum(record.minutes for record in records),
            by=capacities[first.by].resource,
            burst_seconds=(bursts[0][1].minute - first.minute) * 60 + bursts[0][1].after if bursts else None,
            serves=Range.of(m for m in serves if m is not None) if any(serves) else None,
            questions=_questions(name, capacity, records, usage),
        )
        result.append(each)
    return result


def _questions(name: str, capacity: Capacity, records: Iterable[Throttled], usage: Usage) -> dict[str, float]:
    """Return the throttled units of each question. Those that ask at the same time lose the same share."""
    asked = [a for a in usage.asked if (a.table, a.resource, a.access) == (name, capacity.resource, capacity.access)]
    result: dict[str, float] = {}
    for record in records:
        for minute in range(record.minute, record.minute + record.minutes):
            day, time = divmod(minute, MINUTES)
            whole = value_at(capacity.demand[day], time)
            for each in asked:
                if share := value_at(each.units[day], time) / whole:
                    result[each.question] = result.get(each.question, 0) + record.units * share
    return dict(sorted(result.items(), key=lambda item: -item[1]))
