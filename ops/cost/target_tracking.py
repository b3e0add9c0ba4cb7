"""Simulates a table with provisioned capacity and its autoscaling, minute by minute through a month.

What AWS documents is a rule here, with its source. What it doesn't document is in ASSUMPTIONS: each has two variants,
and results are the range over all combinations.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

from ops.cost.curves import MINUTES, Day, Month

BURST_SECONDS = 300
"""DynamoDB keeps up to 300 seconds of unused capacity for bursts:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html"""

OUT_MINUTES, IN_MINUTES = 2, 15
"""Consumption above the target for 2 consecutive minutes scales out, 15 minutes below it scale in:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/AutoScaling.html"""

DECREASES = 4
"""A table or an index starts each UTC day with 4 decreases. Each hour adds one, up to 4 at a time, so that a day has at
most 27. Reads and writes share this quota:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html#decreasing-provisioned-throughput"""


@dataclass(frozen=True)
class Assumption:
    """What AWS doesn't document: what is assumed, and the value of each variant with what it means."""

    what: str
    variants: dict[float | bool, str]


ASSUMPTIONS: dict[str, Assumption] = {
    "delay": Assumption(
        "Minutes from the last minute that the alarm counts until the new capacity serves. AWS says that the alarm has "
        '"a short delay of up to a few minutes", and that the update takes "several minutes".',
        {5: "5 minutes", 1: "1 minute"},
    ),
    "burst": Assumption(
        "How much of the burst capacity there is. AWS says that it may use it for its own work without notice.",
        {0: "none", BURST_SECONDS: "all 300 seconds"},
    ),
    "margin": Assumption(
        "Below which utilization a minute counts to scale in. The developer guide says below the target, and AWS's "
        "support 20 points below it (https://repost.aws/knowledge-center/dynamodb-auto-scaling).",
        {20: "more than 20 points below the target", 0: "below the target"},
    ),
    "highest": Assumption(
        "Which consumption the new capacity is computed from.",
        {False: "that of the last minute", True: "the highest of the minutes that the alarm counted"},
    ),
    "recount": Assumption(
        "How an alarm counts after the capacity has changed.",
        {True: "it starts anew", False: "it counts on, and only the cooldown delays the next change"},
    ),
    "larger": Assumption(
        "Whether a scale-out to more than the current capacity is the larger one that need not wait for the cooldown.",
        {False: "no, it waits", True: "yes, it starts at once"},
    ),
}


class Variant(NamedTuple):
    """One variant of each assumption."""

    delay: int = 5
    burst: int = 0
    margin: int = 20
    highest: bool = False
    recount: bool = True
    larger: bool = False


# The first is the worst for a burst: the slowest, and without burst capacity.
VARIANTS: list[Variant] = [Variant(*values) for values in product(*(each.variants for each in ASSUMPTIONS.values()))]  # ty: ignore[invalid-argument-type]


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """A scalable target and its target tracking policy: bounds in units, target in percent, cooldowns in seconds."""

    minimum: int
    maximum: int
    target: float = 70
    in_cooldown: int = 0
    out_cooldown: int = 0


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """The read or write capacity of a table or an index, and the units a second that are asked of it.

    `resource` is "" for the table, else the name of the index. Without `scaling` the capacity stays `units`.
    """

    resource: str
    access: str
    demand: Month
    units: int
    scaling: Scaling | None = None


class Throttled(NamedTuple):
    """Equal minutes of throttling: from `minute` of the month, `units` in each minute of the capacity `number`.

    `by` is the number of the capacity that had too little: for a table's writes, perhaps that of an index. `after` is
    how many seconds of the first minute were served in full.
    """

    minute: int
    minutes: int
    number: int
    units: float
    by: int
    after: float


@dataclass
class Outcome:
    """What happened in a month. All lists have an entry for each capacity.

    `unit_minutes` is the capacity summed over the minutes, `unit_hours` the highest of each hour summed over the hours.
    `changes` are the minute, the number of the capacity, and its units from then on. `is_tracking` tells whether an
    alarm or a burst ever mattered.
    """

    unit_minutes: list[float]
    unit_hours: list[float]
    throttled: list[Throttled] = field(default_factory=list)
    changes: list[tuple[int, int, int]] = field(default_factory=list)
    is_tracking: bool = False

    def units_throttled(self, number: int) -> float:
        """Return the units that were throttled of one capacity."""
        return sum(each.units * each.minutes for each in self.throttled if each.number == number)


class _State(NamedTuple):
    """What a capacity carries from one minute to the next. Times are in minutes from the start of the day.

    `above` and `below` are how many minutes the alarms have counted; `recent` the consumption of the last minutes that
    matter; `to` and `due` the change that is under way; `no_out` and `no_in` when the cooldowns end.
    """

    units: int
    burst: float
    above: int = 0
    below: int = 0
    recent: tuple[float, ...] = ()
    to: int = 0
    due: int = 0
    no_out: int = -1
    no_in: int = -1


def simulate(capacities: Sequence[Capacity], variant: Variant, *, stop: bool = False) -> Outcome:
    """Return what happens to the capacities of one table and its indexes in a month.

    Reads are throttled by their own capacity. A write is throttled if the table or any index that it changes has too
    little: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes
    It is assumed that a month starts with full bursts and the lowest capacity, that requests are spread evenly over a
    minute and over the partitions, and that what is throttled isn't tried again. Ends early if `stop` is set and
    something is throttled.
    """
    outcome = Outcome([0.0] * len(capacities), [0.0] * len(capacities))
    starts = [each.scaling.minimum if each.scaling else each.units for each in capacities]
    states = [_State(units, units * variant.burst) for units in starts]
    outcome.changes = [(0, number, units) for number, units in enumerate(starts)]
    known: dict[tuple, tuple] = {}
    for number, days in enumerate(zip(*(each.demand for each in capacities), strict=True)):
        key = (tuple(map(id, days)), tuple(states))
        if key not in known:
            day = _Day(capacities, variant, states)
            day.run(days, stop=stop)
            known[key] = (day, day.relative())
        day, states = known[key]
        first = number * MINUTES
        outcome.throttled += [each._replace(minute=each.minute + first) for each in day.throttled]
        outcome.changes += [(minute + first, which, units) for minute, which, units in day.changes]
        outcome.is_tracking |= day.is_tracking
        for which, hours in enumerate(day.hours):
            outcome.unit_minutes[which] += day.unit_minutes[which]
            outcome.unit_hours[which] += sum(hours)
        if stop and outcome.throttled:
            break
    return outcome


class _Day:
    """One day of a simulation."""

    def __init__(self, capacities: Sequence[Capacity], variant: Variant, states: Sequence[_State]) -> None:
        """Take the state at the start of the day."""
        self.capacities, self.variant = capacities, variant
        self.states = list(states)
        # The decreases that each resource has left, and the hour for which this holds.
        self.decreases = dict.fromkeys((each.resource for each in capacities), (DECREASES, 0))
        self.unit_minutes = [0.0] * len(capacities)
        self.hours = [[0] * 24 for _ in capacities]
        self.throttled: list[Throttled] = []
        self.changes: list[tuple[int, int, int]] = []
        self.is_tracking = False

    def run(self, days: Sequence[Day], *, stop: bool) -> None:
        """Simulate the day, with the demand of each capacity; with `stop`, only until something is throttled."""
        starts = sorted({start for day in days for start, _ in day})
        positions = [0] * len(days)
        for start, end in zip(starts, [*starts[1:], MINUTES], strict=True):
            for number, day in enumerate(days):
                if positions[number] + 1 < len(day) and day[positions[number] + 1][0] <= start:
                    positions[number] += 1
            demand = [day[position][1] * 60 for day, position in zip(days, positions, strict=True)]
            self._run(start, end, demand)
            if stop and self.throttled:
                return

    def relative(self) -> list[_State]:
        """Return the states, with times from the start of the next day."""
        return [
            state._replace(
                due=state.due - MINUTES if state.to else 0,
                no_out=max(state.no_out - MINUTES, -1),
                no_in=max(state.no_in - MINUTES, -1),
            )
            for state in self.states
        ]

    def _run(self, start: int, end: int, demand: Sequence[float]) -> None:
        """Simulate minutes with the same demand. As soon as nothing changes any more, the rest is like the last one."""
        minute = start
        while minute < end:
            before = self.states[:]
            self._change(minute)
            waiting = self._minute(minute, demand, 1)
            minute += 1
            if not waiting and self.states == before and minute < end:
                self._minute(minute, demand, end - minute)
                return

    def _change(self, minute: int) -> None:
        """Put the changes into force that are due.

        A cooldown starts when a change is complete, and a scale-out ends the cooldown of a scale-in:
        https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
        """
        variant = self.variant
        for number, state in enumerate(self.states):
            scaling = self.capacities[number].scaling
            if state.to and state.due <= minute and scaling:
                out = state.to > state.units
                above, below = (0, 0) if variant.recount else (state.above, state.below)
                self.states[number] = state._replace(
                    units=state.to,
                    burst=min(state.burst, state.to * variant.burst),
                    to=0,
                    due=0,
                    no_out=minute + math.ceil(scaling.out_cooldown / 60) if out else state.no_out,
                    no_in=-1 if out else minute + math.ceil(scaling.in_cooldown / 60),
                    above=above,
                    below=below,
                )
                self.changes.append((minute, number, state.to))

    def _minute(self, minute: int, demand: Sequence[float], count: int) -> bool:
        """Simulate `count` equal minutes from `minute`. Return whether a capacity waits for a change."""
        states, variant, waiting = self.states, self.variant, False
        for number, (used, by) in enumerate(self._admitted(minute, demand, count)):
            state, capacity = states[number], self.capacities[number]
            self.unit_minutes[number] += state.units * count
            hours = self.hours[number]
            for hour in range(minute // 60, (minute + count - 1) // 60 + 1):
                hours[hour] = max(hours[hour], state.units)
            burst = max(0.0, min(state.units * variant.burst, state.units * 60 + state.burst - used))
            if burst < state.burst or by >= 0:
                self.is_tracking = True
            waits = False
            if capacity.scaling is None:
                after = state._replace(burst=burst)
            else:
                after = self._count(state, capacity.scaling, used, burst)
                if after.to:
                    waits = True
                elif after.above == OUT_MINUTES or after.below == IN_MINUTES:
                    after, waits = self._scale(after, capacity.scaling, capacity.resource, minute)
            states[number], waiting = after, waiting or waits
        return waiting

    def _admitted(self, minute: int, demand: Sequence[float], count: int) -> list[tuple[float, int]]:
        """Return the units that each capacity serves, and the number of the capacity that throttles it, or -1."""
        capacities, states = self.capacities, self.states
        share, by = 1.0, -1
        for number, asked in enumerate(demand):
            if asked and capacities[number].access == "write":
                there = states[number].units * 60 + states[number].burst
                if asked > there and there / asked < share:
                    share, by = there / asked, number
        result = []
        for number, asked in enumerate(demand):
            used, blamed = asked, -1
            if capacities[number].access == "write":
                if asked:
                    used, blamed = asked * share, by
            elif asked > (there := states[number].units * 60 + states[number].burst):
                used, blamed = there, number
            if blamed >= 0:
                state = states[blamed]
                after = 60 * state.burst / (demand[blamed] - state.units * 60)
                self.throttled.append(Throttled(minute, count, number, asked - used, blamed, after))
            result.append((used, blamed))
        return result

    def _count(self, state: _State, scaling: Scaling, used: float, burst: float) -> _State:
        """Return the state after a minute, with the minutes that the alarms have counted."""
        above, below = 0, 0
        # In hundredths of units, so that 7 units of 10 are exactly 70 %.
        utilized, there = used * 100, state.units * 60
        if utilized > scaling.target * there:
            above = min(state.above + 1, OUT_MINUTES)
            self.is_tracking = True
        elif utilized < (scaling.target - self.variant.margin) * there:
            below = min(state.below + 1, IN_MINUTES)
        recent = (*state.recent[1 - IN_MINUTES :], used) if self.variant.highest else (used,)
        return _State(state.units, burst, above, below, recent, state.to, state.due, state.no_out, state.no_in)

    def _scale(self, state: _State, scaling: Scaling, resource: str, minute: int) -> tuple[_State, bool]:
        """Start the change that an alarm asks for, unless a cooldown or the quota of decreases forbids it yet.

        The new capacity is what brings the utilization to the target, rounded up, within the bounds:
        https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
        Return the state, and whether there is a change to make.
        """
        used = max(state.recent[-OUT_MINUTES if state.above else -IN_MINUTES :])
        units = min(max(math.ceil(used * 100 / (scaling.target * 60) - 1e-9), scaling.minimum), scaling.maximum)
        if (units <= state.units) if state.above else (units >= state.units):
            return state, False
        if state.above:
            if not self.variant.larger and minute + 1 < state.no_out:
                return state, True
        else:
            left, since = self.decreases[resource]
            left = min(left + minute // 60 - since, DECREASES)
            if minute + 1 < state.no_in or not left:
                return state, True
            self.decreases[resource] = left - 1, minute // 60
        return state._replace(to=units, due=minute + 1 + self.variant.delay), True
