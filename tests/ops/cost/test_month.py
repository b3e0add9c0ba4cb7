import pytest

from ops.cost import deployed
from ops.cost.curves import DAYS
from ops.cost.month import Range, month, smallest
from ops.cost.target_tracking import VARIANTS, Capacity, Scaling, simulate
from ops.cost.usage import Asked, Usage
from ops.errors import PlanError
from tests.ops.cost.months import BURST, PRICES, USAGE, every_day, plan


@pytest.fixture(scope="module")
def tables():
    return month(plan(), USAGE, PRICES).tables


def test_what_is_deployed_is_what_the_plan_declares():
    rents, mails = deployed.tables(plan())
    scaling = Scaling(minimum=1, maximum=10, target=70, in_cooldown=60, out_cooldown=60)

    assert rents.capacities == {(r, a): (5, scaling) for r in ("", "due-index") for a in ("read", "write")}
    assert (rents.is_provisioned, rents.has_recovery, rents.has_stream, rents.has_trigger) == (True,) * 4
    assert (mails.capacities, mails.has_recovery, mails.has_stream, mails.has_trigger) == ({}, False, True, False)


@pytest.mark.parametrize("value", [None, "unknown"])
def test_a_capacity_that_is_not_known_before_the_deployment_is_a_line(value):
    unknown = plan()
    unknown.resources[2].inputs["minCapacity"] = value

    with pytest.raises(PlanError, match="the plan has a table or its autoscaling without a known name or capacity: "):
        deployed.tables(unknown)


def test_a_capacity_without_a_target_is_fixed():
    unscaled = plan()
    unscaled.resources[:] = [each for each in unscaled.resources if "Write" not in each.name]
    assert deployed.tables(unscaled)[0].capacities["", "write"] == (5, None)
    throttling = month(unscaled, USAGE, PRICES).tables[0].throttling

    # Eight minutes ask for 5 units more a second, 2,400 in all. The burst has 1,500.
    assert [(each.resource, each.units, each.serves) for each in throttling] == [
        ("", Range(900 * DAYS, 2400 * DAYS), None),
        ("due-index", Range(900 * DAYS, 2400 * DAYS), None),
    ]


def test_on_demand_costs_the_units_and_provisioned_the_hours_and_the_alarms_of_autoscaling(tables):
    mails = tables[1]
    (bill,) = mails.bills
    hours, seconds = DAYS * 24, DAYS * 24 * 3600

    assert bill.on_demand == pytest.approx(seconds * 0.000001)
    # One unit serves one read a second. Each of the two policies has four alarms.
    assert (mails.fit["", "read"].minimum, mails.fit["", "read"].maximum) == (1, 1)
    cost = hours * (0.001 + 0.01) + 2 * 4 * 0.1
    assert (bill.provisioned.low, bill.provisioned.high) == (pytest.approx(cost), pytest.approx(cost))
    # What the provisioned units would cost on demand.
    whole = seconds * (0.000001 + 0.00001)
    assert bill.used == pytest.approx(bill.on_demand / whole)
    assert bill.crossover == pytest.approx(cost / whole)
    assert (mails.cheaper, mails.as_deployed) == ("on demand", Range(mails.on_demand, mails.on_demand))


def test_provisioned_is_cheaper_where_it_is_used_more_than_the_crossover():
    busy = Usage(asked=[Asked("a mail", "Mails", "", access, every_day((0, 0.9))) for access in ("read", "write")])
    table = month(plan(), busy, PRICES).tables[1]

    assert table.bills[0].used == pytest.approx(0.9)
    assert table.bills[0].crossover < 0.5
    assert table.cheaper == "provisioned"


def test_an_index_is_billed_with_its_table_and_stores_its_own_items(tables):
    rents = tables[0]

    assert [bill.resource for bill in rents.bills] == ["", "due-index"]
    assert rents.bills[0].on_demand == rents.bills[1].on_demand == pytest.approx(DAYS * 480 * 10 * 0.00001)
    # 3 GB are stored, and recovery has the 2 of the table.
    assert (rents.storage, rents.recovery) == (1.5, 0.5)


def test_throttling_says_how_much_when_and_for_which_question(tables):
    table, index = tables[0].throttling
    units = [outcome.units_throttled(1) for _, outcome in tables[0].outcomes]

    assert (table.resource, table.access, table.by, table.of) == ("", "write", "", 4800 * DAYS)
    assert (table.minute, table.minutes) == (360, 8 * DAYS)
    assert table.burst_seconds == pytest.approx(33.33, abs=0.01)
    assert table.serves == Range(363, 367)
    assert table.questions == {"a rent, written": pytest.approx(table.units.high)}
    assert table.units == Range(min(units), max(units))
    assert table.units.low < table.units.high
    assert (index.resource, index.by, index.units) == ("due-index", "", table.units)


def test_the_units_of_questions_that_ask_at_the_same_time_are_split_by_what_they_ask():
    both = Usage(
        asked=[
            Asked("one", "Rents", "", "read", every_day((0, 0), (60, 30), (61, 0))),
            Asked("other", "Rents", "", "read", every_day((0, 0), (60, 10), (61, 0))),
            Asked("before", "Rents", "", "read", every_day((0, 0.1), (60, 0))),
        ]
    )
    (reads,) = month(plan(), both, PRICES).tables[0].throttling

    # 40 units a second for a minute, of which one is served.
    assert reads.questions == {"one": pytest.approx(39 * 60 * DAYS * 0.75), "other": pytest.approx(39 * 60 * DAYS / 4)}


STAIRS = every_day((0, 2), (60, 2.5), (120, 4), (180, 6), (240, 8), (300, 10), (360, 2))


@pytest.mark.parametrize("demand", [BURST, STAIRS, every_day((0, 2), (30, 6.5), (90, 3.2)), every_day((0, 0))])
def test_the_smallest_bounds_throttle_nothing_and_one_less_does(demand):
    base = Scaling(minimum=1, maximum=10, in_cooldown=60, out_cooldown=60)
    found = smallest(Capacity(resource="", access="write", demand=demand, units=1, scaling=base))

    def throttles(minimum, maximum):
        scaling = Scaling(minimum=minimum, maximum=maximum, in_cooldown=60, out_cooldown=60)
        tried = Capacity(resource="", access="write", demand=demand, units=1, scaling=scaling)
        return any(simulate([tried], variant, stop=True).throttled for variant in VARIANTS)

    assert not throttles(found.minimum, found.maximum)
    assert found.minimum == 1 or throttles(found.minimum - 1, 100)
    assert found.maximum == found.minimum or throttles(found.minimum, found.maximum - 1)


def test_a_slow_rise_needs_a_smaller_minimum_than_maximum():
    found = smallest(Capacity(resource="", access="read", demand=STAIRS, units=1))

    assert found.minimum < found.maximum


def test_the_total_counts_each_part_once():
    result = month(plan(alarms=3), USAGE, PRICES)
    rents, mails = result.tables
    total = result.total(lambda table: table.as_deployed)

    assert total.low == pytest.approx(rents.provisioned.low + mails.on_demand + 1.5 + 0.5 + 3 * 0.1)
    assert total.high == pytest.approx(rents.provisioned.high + mails.on_demand + 1.5 + 0.5 + 3 * 0.1)


def test_what_is_not_counted_is_listed():
    assert month(plan(), USAGE, PRICES).not_counted == [
        "Rents: a rent",
        "Rents: reads of its stream by consumers that are not Lambda triggers, which read for free",
        "Mails: reads of its stream by consumers",
        "the free tier, which is the account's",
        "data transfer, backups, restores, KMS, Lambda, taxes",
    ]
