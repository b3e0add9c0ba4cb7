import pytest

from ops.cost import curves
from ops.cost.curves import DAYS, MINUTES

MONTH = (((0, 1.0), (60, 3.0)),) + (((0, 1.0),),) * (DAYS - 1)


def test_a_day_of_minutes_becomes_runs():
    assert curves.runs([1.0] * 60 + [2.0] * (MINUTES - 60)) == ((0, 1.0), (60, 2.0))


def test_months_are_summed_where_their_runs_differ():
    other = (((0, 0.0), (30, 2.0), (90, 0.0)),) * DAYS
    summed = curves.total([MONTH, other])

    assert summed[0] == ((0, 1.0), (30, 3.0), (60, 5.0), (90, 3.0))
    assert summed[1] == ((0, 1.0), (30, 3.0), (90, 1.0))
    assert summed[1] is summed[2]
    assert curves.total([]) == curves.NOTHING


def test_a_month_is_scaled_summed_and_has_a_peak():
    assert curves.minutes(MONTH) == DAYS * MINUTES + 2 * (MINUTES - 60)
    assert curves.minutes(curves.scaled(MONTH, 0.5)) == curves.minutes(MONTH) / 2
    assert curves.peak(MONTH) == 3


@pytest.mark.parametrize(("minute", "value"), [(0, 1), (9, 1), (10, 2), (19, 2), (20, 3), (99, 4), (MINUTES - 1, 4)])
def test_the_value_of_a_minute_is_that_of_its_run(minute, value):
    assert curves.value_at(((0, 1), (10, 2), (20, 3), (30, 4)), minute) == value
