"""Curves of a month: a value for each minute, as runs of equal values in each day."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise

DAYS = 31
MINUTES = 24 * 60
# The runs of a day: the minute at which each starts, the first at 0, and its value.
Day = tuple[tuple[int, float], ...]
# One for each day. Equal days should be the same object, so that each is simulated once.
Month = tuple[Day, ...]

NOTHING: Month = (((0, 0.0),),) * DAYS


def runs(values: Sequence[float]) -> Day:
    """Return a day of 1,440 values, one a minute."""
    starts = [0, *(minute for minute in range(1, MINUTES) if values[minute] != values[minute - 1])]
    return tuple((minute, values[minute]) for minute in starts)


def scaled(month: Month, factor: float) -> Month:
    """Return a month with all values multiplied."""
    days = {day: tuple((start, value * factor) for start, value in day) for day in set(month)}
    return tuple(days[day] for day in month)


def total(months: Iterable[Month]) -> Month:
    """Return the sum of several months."""
    known: dict[tuple[Day, ...], Day] = {}
    result = []
    for days in zip(NOTHING, *months, strict=True):
        if days not in known:
            known[days] = _sum(days)
        result.append(known[days])
    return tuple(result)


def _sum(days: Sequence[Day]) -> Day:
    starts = sorted({start for day in days for start, _ in day})
    summed = [(start, sum(value_at(day, start) for day in days)) for start in starts]
    return tuple(run for number, run in enumerate(summed) if number == 0 or run[1] != summed[number - 1][1])


def value_at(day: Day, minute: int) -> float:
    """Return the value of a minute of a day."""
    return day[bisect_right(day, (minute, math.inf)) - 1][1]


def minutes(month: Month) -> float:
    """Return the sum of a month's values over its minutes."""
    sums = {
        day: sum(value * (end - start) for (start, value), (end, _) in pairwise((*day, (MINUTES, 0.0))))
        for day in set(month)
    }
    return sum(sums[day] for day in month)


def peak(month: Month) -> float:
    """Return the highest value of a month."""
    return max(value for day in set(month) for _, value in day)
