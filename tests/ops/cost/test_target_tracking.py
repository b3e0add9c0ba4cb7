"""Cases worked out by hand, one for each rule. Minutes count from the start of the month."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.cost.curves import DAYS, MINUTES, value_at
from ops.cost.target_tracking import ASSUMPTIONS, VARIANTS, Capacity, Scaling, Throttled, Variant, simulate

FULL = Variant(burst=300, delay=1)
BOUNDS = Scaling(minimum=1, maximum=10)
IDLE = ((0, 0.0),)


def month(*first, rest=IDLE):
    """Return a month whose first day has these runs."""
    return (tuple((minute, float(value)) for minute, value in first),) + (rest,) * (DAYS - 1)


def daily(*runs):
    return (tuple((minute, float(value)) for minute, value in runs),) * DAYS


def capacity(demand, scaling=BOUNDS, units=1, access="write", resource=""):
    return Capacity(resource=resource, access=access, demand=demand, units=units, scaling=scaling)


def changes(outcome, number=0):
    return [(minute, units) for minute, which, units in outcome.changes if which == number]


def test_there_is_a_variant_for_each_combination_and_the_worst_for_a_burst_is_first():
    assert Variant._fields == tuple(ASSUMPTIONS)
    assert len({*VARIANTS}) == 2 ** len(ASSUMPTIONS)
    assert VARIANTS[0] == Variant()


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_steady_5_units_a_second_settle_at_8(variant):
    outcome = simulate([capacity(daily((0, 5)))], variant)

    # 5 / 0.7 is 7.14.
    assert changes(outcome)[-1][1] == 8


def test_ten_writes_a_second_from_idle_use_up_the_burst_in_33_seconds_before_autoscaling_has_seen_them():
    outcome = simulate([capacity(month((0, 0), (360, 10), (370, 0)))], FULL)

    # 300 units of burst, of which 9 go each second: 33.3 s. The minute asks for 600, and 60 and 300 are there.
    assert outcome.throttled[0][:5] == (360, 1, 0, 240.0, 0)
    assert outcome.throttled[0].after == pytest.approx(33.33, abs=0.01)
    # Minutes 360 and 361 are above the target. The alarm takes a minute, so 363 is the first with more.
    assert outcome.throttled[1] == Throttled(361, 1, 0, 540.0, 0, 0.0)
    assert changes(outcome)[1][0] == 363


def test_throttled_requests_are_not_consumed_so_capacity_grows_in_steps():
    outcome = simulate([capacity(month((0, 10)), Scaling(minimum=1, maximum=40))], Variant(burst=0, delay=1))

    # 1, 2, 3, 5, 8 and 12 units are each used up; divided by 0.7 and rounded up, that is the next.
    assert changes(outcome)[:7] == [(0, 1), (3, 2), (6, 3), (9, 5), (12, 8), (15, 12), (18, 15)]


def test_the_delay_counts_from_the_second_minute_above_the_target():
    for delay, minute in ((1, 3), (5, 7)):
        assert changes(simulate([capacity(month((0, 1)))], Variant(delay=delay)))[1] == (minute, 2)


def test_one_minute_above_the_target_does_not_scale_out_and_two_do():
    one = month(*[(minute, float(minute % 2 == 0)) for minute in range(60)], (60, 0))
    two = month((0, 1), (2, 0))

    assert changes(simulate([capacity(one)], FULL)) == [(0, 1)]
    assert changes(simulate([capacity(two)], FULL))[:2] == [(0, 1), (3, 2)]


def test_a_utilization_of_exactly_the_target_is_not_above_it_and_is_met_exactly():
    ten = Scaling(minimum=10, maximum=20)

    assert changes(simulate([capacity(month((0, 7)), ten)], FULL)) == [(0, 10)]
    # 16.1 / 0.7 is 23, which floating point makes 23.000000000000004.
    twenty = Scaling(minimum=20, maximum=30)
    assert changes(simulate([capacity(month((0, 16.1)), twenty)], FULL))[1] == (3, 23)


def test_fifteen_minutes_below_the_target_scale_in_and_a_minute_between_starts_them_anew():
    at_once = Variant(burst=300, delay=1, highest=True)
    idle = month((0, 5), (60, 0))
    broken = month((0, 5), (60, 0), (74, 5), (75, 0))

    # Minutes 60 to 74 are below. The alarm takes minute 75.
    assert changes(simulate([capacity(idle)], at_once)) == [(0, 1), (3, 8), (76, 1)]
    # 5 of 8 units are 62 %, which is not 20 points below 70 %. Minutes 75 to 89 are below.
    assert changes(simulate([capacity(broken)], at_once)) == [(0, 1), (3, 8), (91, 1)]


def test_how_far_below_the_target_a_minute_must_be_is_an_assumption():
    def last(rate, margin):
        outcome = simulate([capacity(month((0, 7), (120, rate), (180, 7)))], FULL._replace(margin=margin))
        return [units for minute, units in changes(outcome) if 120 < minute <= 180]

    # 7 / 0.7 is 10 units.
    assert (last(5.5, 20), last(5.5, 0)) == ([], [8])
    # AlarmLow is LessThanThreshold: 5 of 10 units are not less than 50 %.
    assert (last(5, 20), last(5, 0)) == ([], [8])
    assert (last(4.9, 20), last(4.9, 0)) == ([7], [7])


def test_the_new_capacity_comes_from_the_last_minute_or_from_the_highest():
    demand = month((0, 3), (1, 2))
    kept = Variant(burst=300, delay=1)

    # 2 / 0.7 is 2.9, 3 / 0.7 is 4.3.
    assert changes(simulate([capacity(demand)], kept))[1] == (3, 3)
    assert changes(simulate([capacity(demand)], kept._replace(highest=True)))[1] == (3, 5)
    # A minute before those that the alarm counted is no part of it.
    before = month((0, 3), (1, 0), (2, 2), (3, 1))
    assert changes(simulate([capacity(before)], kept._replace(highest=True)))[1] == (5, 3)


def test_the_highest_is_of_the_last_15_minutes_even_if_more_were_below_the_target():
    # 5 of 8 units are below the target. From minute 75 on, all of the last 15 minutes are idle.
    outcome = simulate([capacity(month((0, 5), (60, 0)))], Variant(burst=300, delay=1, margin=0, highest=True))

    assert changes(outcome) == [(0, 1), (3, 8), (76, 1)]


def test_capacity_stays_within_its_bounds():
    outcome = simulate([capacity(month((0, 20), (60, 0)), Scaling(minimum=2, maximum=6))], Variant(delay=1))

    assert {units for _, units in changes(outcome)} <= set(range(2, 7))
    assert changes(outcome)[-1][1] == 2
    # 6 units of 20 are there at last: 14 a second are throttled.
    assert outcome.throttled[-1].units == 14 * 60


@pytest.mark.parametrize(("cooldown", "minute"), [(60, 82), (1800, 107)])
def test_a_scale_in_waits_for_the_cooldown_of_the_one_before(cooldown, minute):
    variant = Variant(burst=300, delay=1, margin=0, highest=False, recount=False)
    scaling = Scaling(minimum=1, maximum=10, in_cooldown=cooldown)
    outcome = simulate([capacity(month((0, 7), (120, 4), (140, 0)), scaling)], variant)

    # 4 / 0.7 is 6 units from minute 136 on; so the cooldown ends at 137 or 166. At 140, 15 minutes are below already.
    assert changes(outcome)[-2:] == [(136, 6), (60 + minute, 1)]


@pytest.mark.parametrize(("recount", "minute"), [(True, 152), (False, 142)])
def test_after_a_scale_in_the_alarm_starts_anew_or_counts_on(recount, minute):
    variant = Variant(burst=300, delay=1, margin=0, highest=False, recount=recount)
    outcome = simulate([capacity(month((0, 7), (120, 4), (140, 0)))], variant)

    # 4 / 0.7 is 6 units from minute 136 on. Minutes 136 to 150 are below; if it counts on, 140 is the first without use.
    assert changes(outcome)[-2:] == [(136, 6), (minute, 1)]


def test_a_scale_out_waits_for_its_cooldown_unless_a_larger_one_need_not():
    scaling = Scaling(minimum=1, maximum=10, out_cooldown=600)
    demand, variant = month((0, 1), (4, 5)), Variant(burst=300, delay=1, recount=False)

    # 2 units from minute 3 on; the cooldown ends at 13. Minutes 4 and 5 are above again.
    assert changes(simulate([capacity(demand, scaling)], variant))[:3] == [(0, 1), (3, 2), (14, 3)]
    assert changes(simulate([capacity(demand, scaling)], variant._replace(larger=True)))[1:3] == [(3, 2), (7, 8)]


def test_a_scale_out_ends_the_cooldown_of_a_scale_in():
    scaling = Scaling(minimum=1, maximum=10, in_cooldown=3 * 3600)
    variant = Variant(burst=300, delay=1, highest=True, recount=False)
    outcome = simulate([capacity(month((0, 5), (60, 0), (80, 5), (120, 0)), scaling)], variant)

    assert changes(outcome) == [(0, 1), (3, 8), (76, 1), (83, 8), (136, 1)]


# Idle from 20 minutes after the start of every 40 on. Without a quota, each such pause ends in a decrease.
WAVES = daily(*[run for start in range(0, MINUTES, 40) for run in ((start, 5), (start + 20, 0))])
WAVED = Variant(burst=300, delay=1, highest=True)


def decreases(outcome, number=0):
    units = changes(outcome, number)
    return [minute - 2 for (_, old), (minute, new) in pairwise(units) if new < old]


def test_a_day_starts_with_four_decreases_and_each_hour_adds_one():
    outcome = simulate([capacity(WAVES)], WAVED)
    first = [minute for minute in decreases(outcome) if minute < MINUTES]

    # Of every three waves in two hours, two can be followed by a decrease once the first four are used up. That is at
    # 434: there were eleven decreases, and 4 + 7 hours. At 480 the next one is there, but so is the next wave.
    assert first == [34 + 40 * wave for wave in range(36) if wave < 11 or wave % 3 != 2]
    assert len(first) == 27
    # The day after starts with four again.
    assert [minute - MINUTES for minute in decreases(outcome) if MINUTES <= minute < 2 * MINUTES] == first


def test_reads_and_writes_of_a_table_share_the_quota_and_an_index_has_its_own():
    shared = simulate([capacity(WAVES, access="read"), capacity(WAVES)], WAVED)
    own = simulate([capacity(WAVES), capacity(WAVES, resource="index")], WAVED)

    # Four and that of the first hour are used up at 114, by the reads. Each later hour has one, which the reads take.
    assert [[minute for minute in decreases(shared, number) if minute < 200] for number in (0, 1)] == [
        [34, 74, 114, 154, 194],
        [34, 74],
    ]
    assert [decreases(own, number)[:4] for number in (0, 1)] == [[34, 74, 114, 154]] * 2


def test_an_index_with_less_write_capacity_throttles_the_writes_of_its_table_but_no_reads():
    demand = month((0, 5), (1, 0))
    table = [capacity(demand, None, 10), capacity(demand, None, 10, access="read")]
    index = [capacity(demand, None, 1, resource="i"), capacity(demand, None, 5, access="read", resource="i")]
    outcome = simulate([*table, *index], Variant(burst=0))

    # The index serves 60 of 300 units, so the table does too.
    assert outcome.throttled == [Throttled(0, 1, 0, 240.0, 2, 0.0), Throttled(0, 1, 2, 240.0, 2, 0.0)]


def test_reads_that_are_throttled_throttle_no_writes():
    demand = month((0, 5), (1, 0))
    outcome = simulate([capacity(demand, None, 10), capacity(demand, None, 1, access="read")], Variant(burst=0))

    assert [(each.number, each.units) for each in outcome.throttled] == [(1, 240.0)]


def test_an_index_that_a_write_does_not_change_throttles_nothing():
    outcome = simulate([capacity(month((0, 5)), None, 10), capacity(month((0, 0)), None, 1, resource="i")], Variant())

    assert outcome.throttled == []

    outcome = simulate([capacity(month((0, 5)), None, 1), capacity(month((0, 0)), None, 10, resource="i")], Variant())

    assert {each.number for each in outcome.throttled} == {0}


@pytest.mark.parametrize("access", ["read", "write"])
def test_burst_capacity_is_300_seconds_of_the_units_and_fills_with_what_is_unused(access):
    # 2 units: 600 in the burst, of which 120 go each minute. Two idle minutes give 240 back, and a night all of it.
    demand = month((0, 4), (6, 0), (8, 4), (11, 0), (600, 4), (606, 0))
    outcome = simulate([capacity(demand, None, 2, access)], FULL)

    assert [(each.minute, each.units) for each in outcome.throttled] == [(5, 120.0), (10, 120.0), (605, 120.0)]


def test_minutes_count_from_the_start_of_the_month():
    idle, busy = IDLE, ((0, 0.0), (600, 4.0), (601, 0.0))
    outcome = simulate([capacity((idle, busy, busy) + (idle,) * (DAYS - 3), None, 2)], Variant())

    assert outcome.throttled == [Throttled(day * MINUTES + 600, 1, 0, 120.0, 0, 0.0) for day in (1, 2)]


def test_hours_are_billed_by_their_highest_capacity_or_by_the_minute():
    outcome = simulate([capacity(month((0, 5), (60, 0)))], Variant(burst=300, delay=1, highest=True))

    # 8 units in the minutes 3 to 75: in two hours of 744.
    assert outcome.unit_minutes == [DAYS * MINUTES + 73 * 7]
    assert outcome.unit_hours == [DAYS * 24 + 2 * 7]


def test_a_simulation_that_stops_at_throttling_ends_early():
    outcome = simulate([capacity(daily((0, 5), (60, 6)), None)], Variant(), stop=True)

    # Equal minutes after the first are one entry. Each run of each day would be throttled.
    assert [(each.minute, each.minutes) for each in outcome.throttled] == [(0, 1), (1, 59)]


RATES = st.sampled_from([0.0, 0.3, 0.7, 1.0, 2.5, 5.0, 9.0, 20.0])
DAY = st.lists(st.tuples(st.integers(1, MINUTES - 1), RATES), max_size=12, unique_by=lambda run: run[0]).map(
    lambda day: ((0, 1.0), *sorted(day))
)
MONTH = st.lists(DAY, min_size=1, max_size=3).map(lambda days: tuple(days[n % len(days)] for n in range(DAYS)))
SCALING = st.builds(
    Scaling,
    minimum=st.integers(1, 5),
    maximum=st.integers(5, 30),
    target=st.sampled_from([20, 50, 70, 90]),
    in_cooldown=st.sampled_from([0, 60, 1800]),
    out_cooldown=st.sampled_from([0, 60, 1800]),
)


# A table, or a table and an index.
@given(st.lists(st.tuples(MONTH, SCALING), min_size=1, max_size=2), st.sampled_from(VARIANTS))
def test_runs_of_equal_minutes_are_simulated_as_minute_by_minute(drawn, variant):
    def capacities(split):
        return [
            Capacity(resource=str(number), access="write", demand=split(demand), units=1, scaling=scaling)
            for number, (demand, scaling) in enumerate(drawn)
        ]

    def minutes(demand):
        days = {day: tuple((minute, value_at(day, minute)) for minute in range(MINUTES)) for day in demand[:1]}
        return tuple(days[day] for day in demand[:1]) + (IDLE,) * (DAYS - 1)

    def runs(demand):
        return demand[:1] + (IDLE,) * (DAYS - 1)

    one, other = simulate(capacities(runs), variant), simulate(capacities(minutes), variant)

    assert one.changes == other.changes
    assert (one.unit_minutes, one.unit_hours) == (other.unit_minutes, other.unit_hours)
    for number in range(len(drawn)):
        assert one.units_throttled(number) == pytest.approx(other.units_throttled(number))


def paid(outcome):
    return sum(outcome.unit_hours), sum(outcome.unit_minutes)


@given(MONTH, st.integers(1, 20), st.integers(0, 20), st.sampled_from([Variant(burst=0), Variant(burst=300)]))
def test_more_fixed_capacity_never_throttles_more_and_never_costs_less(demand, units, more, variant):
    small, large = (simulate([capacity(demand, None, each)], variant) for each in (units, units + more))

    assert large.units_throttled(0) <= small.units_throttled(0) + 1e-6
    assert all(one >= other for one, other in zip(paid(large), paid(small), strict=True))


@given(MONTH, st.tuples(*[st.integers(1, 9)] * 4), st.sampled_from([Variant(burst=0), Variant(burst=300)]))
def test_more_fixed_capacity_of_a_table_and_its_index_never_throttles_more_writes(demand, units, variant):
    table, index, more, more_of_index = units
    small, large = (
        simulate([capacity(demand, None, one), capacity(demand, None, other, resource="i")], variant)
        for one, other in ((table, index), (table + more, index + more_of_index))
    )

    assert large.units_throttled(0) <= small.units_throttled(0) + 1e-6


@given(MONTH, SCALING, st.sampled_from(VARIANTS))
def test_autoscaling_never_throttles_more_and_never_costs_less_than_its_minimum_alone(demand, scaling, variant):
    alone = simulate([capacity(demand, None, scaling.minimum)], variant)
    scaled = simulate([capacity(demand, scaling)], variant)

    assert scaled.units_throttled(0) <= alone.units_throttled(0) + 1e-6
    assert all(one >= other for one, other in zip(paid(scaled), paid(alone), strict=True))


@given(MONTH, SCALING, st.sampled_from(VARIANTS))
def test_a_minimum_that_serves_the_peak_throttles_nothing(demand, scaling, variant):
    enough = Scaling(minimum=20, maximum=30, target=scaling.target)

    assert simulate([capacity(demand, enough)], variant).throttled == []


@given(MONTH, SCALING, st.sampled_from(VARIANTS))
def test_no_day_has_more_than_27_decreases(demand, scaling, variant):
    downs = decreases(simulate([capacity(demand, scaling)], variant))

    assert all(sum(minute // MINUTES == day for minute in downs) <= 27 for day in range(DAYS))


def test_a_higher_minimum_can_throttle_more_because_its_alarm_starts_later():
    # 49.5 units are above 70 % of 70 and not of 71. So with 70 the alarm has counted a minute when 200 units come, and
    # 100 units serve in minute 3: 130, 130 and 100 units a second are throttled, and with 71 three times 129.
    demand, variant = month((0, 49.5), (1, 200), (4, 0)), Variant(delay=1)
    lower, higher = (
        simulate([capacity(demand, Scaling(minimum=each, maximum=400))], variant).units_throttled(0)
        for each in (70, 71)
    )

    assert (lower, higher) == (360 * 60, 387 * 60)


def test_a_higher_maximum_can_throttle_more_because_it_is_followed_by_a_decrease():
    # 6 units are 60 % of 10, which stay; they are 40 % of 15, which become 9.
    demand, variant = month((0, 12), (60, 6), (120, 10), (121, 6)), Variant(delay=1, highest=True)
    ten, fifteen = (simulate([capacity(demand, Scaling(minimum=1, maximum=each))], variant) for each in (10, 15))

    assert [each.minute for each in ten.throttled if each.minute >= 60] == []
    assert [each.minute for each in fifteen.throttled if each.minute >= 60] == [120]
