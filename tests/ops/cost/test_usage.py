from types import SimpleNamespace

import pytest

from components.schema import AccessPattern, GlobalSecondaryIndex, Table
from components.tables import TABLES
from ops.cost import usage
from ops.cost.curves import DAYS, NOTHING
from ops.cost.deployed import inputs_by_logical_name
from ops.errors import CallError
from tests.conftest import ROOT

THINGS = Table(
    logical_name="things",
    name="Things",
    partition_key="id",
    indexes=(GlobalSecondaryIndex(logical_name="due", name="due-index", partition_key="month"),),
    access_patterns=(
        AccessPattern(question="a thing", operation="GetItem", key=("id",)),
        AccessPattern(question="things due", operation="Query", index="due", key=("month",)),
        AccessPattern(question="a thing, written", operation="PutItem", key=("id",)),
    ),
)
DUE = {"name": "due-index", "hashKey": "month", "projectionType": "ALL"}
INPUTS = {"things": {"name": "Things-dev", "globalSecondaryIndexes": [DUE]}}


@pytest.fixture
def load(tmp_path):
    def load(text, inputs=INPUTS, name="usage.yaml", **options):
        path = tmp_path / name
        path.write_text(text)
        return usage.load(path, [THINGS], inputs, **options)

    return load


def table(requests, **more):
    lines = "".join(f"      {question}: {request}\n" for question, request in requests.items())
    given = "".join(f"    {key}: {value}\n" for key, value in {"items": 100, "size": 900, **more}.items())
    return f"tables:\n  things:\n{given}    requests:\n{lines}"


def test_the_sample_covers_every_question_of_the_program(record):
    found = usage.load(ROOT / "usage.yaml", TABLES, inputs_by_logical_name(record("prod")))

    assert found.not_counted == []
    assert {each.question for each in found.asked} == {p.question for t in TABLES for p in t.access_patterns}


def test_units_are_asked_of_the_table_and_of_the_index_that_holds_the_item(load):
    found = load(table({"a thing, written": "{rate: 2}", "things due": "{items: 10, rate: 1}"}))
    every_day = lambda rate: (((0, rate),),) * DAYS  # noqa: E731

    assert found.demand("Things-dev", "", "write") == every_day(2)
    assert found.demand("Things-dev", "due-index", "write") == every_day(2)
    # 10 items of 900 bytes are three units of 4 KB, and half of it.
    assert found.demand("Things-dev", "due-index", "read") == every_day(1.5)
    assert found.demand("Things-dev", "", "read") == NOTHING
    assert found.bytes == {("Things-dev", ""): 100_000, ("Things-dev", "due-index"): 100_000}
    assert found.not_counted == ["Things: a thing"]


def test_a_day_has_rates_from_times_on_and_days_of_the_month_may_differ(load):
    request = '{day: {"06:30": 4, "07:00": 0}, "on": {2: {"00:00": 8}}, consistent: true}'
    demand = load(table({"a thing": request})).demand("Things-dev", "", "read")

    assert demand[0] == ((0, 0.0), (390, 4.0), (420, 0.0))
    assert demand[1] == ((0, 8.0),)
    assert demand[2] is demand[0]


def test_an_index_may_hold_a_part_of_the_items(load):
    found = load(table({"a thing, written": "{rate: 2}"}, indexes="{due: {share: 0.5, size: 100}}"))

    assert found.demand("Things-dev", "due-index", "write")[0] == ((0, 1.0),)
    assert found.bytes["Things-dev", "due-index"] == 50 * 200


def test_a_table_without_usage_is_not_counted(load):
    assert load("tables: {}").not_counted == [
        "Things: a thing",
        "Things: things due",
        "Things: a thing, written",
        "Things: storage",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "can't be read: while parsing"),
        ("", "is None, but must be a mapping with keys of: tables"),
        ("tables: 1", ": tables is 1, but must be a mapping with keys of: things"),
        ("rates: {}", "there is no 'rates'; it can have: tables"),
        ("tables: {thing: {}}", ": tables: there is no 'thing'; it can have: things"),
        ("tables: {things: {size: 1}}", ": things: items is None, but must be a number, at least 0"),
        (table({}, size="big"), ": things: size is 'big', but must be a number, at least 0"),
        (table({}, size="true"), ": things: size is True, but must be a number, at least 0"),
        (
            table({"thing": "{rate: 1}"}),
            "requests: there is no 'thing'; it can have: a thing, things due, a thing, written",
        ),
        (table({"a thing": "{rate: -1}"}), "'a thing': rate is -1, but must be a number, at least 0"),
        (table({"a thing": "{rate: 1e999}"}), "'a thing': rate is inf, but must be a number, at least 0"),
        (
            table({"a thing": "{rate: 1, daily: 1}"}),
            "'a thing': there is no 'daily'; it can have: rate, day, on, size, items, consistent",
        ),
        (
            table({"a thing": "{}"}),
            "'a thing': give either rate, in requests a second, or day, a rate from each time on",
        ),
        (
            table({"a thing": "{rate: 1, day: {}}"}),
            "'a thing': give either rate, in requests a second, or day, a rate from each time on",
        ),
        (table({"a thing": "{day: {}}"}), "'a thing': a day is a mapping from times to requests a second, as"),
        (
            table({"a thing": '{day: {"6:30": 1}}'}),
            "'a thing': '6:30' is not a time; write hours and minutes in quotes, as \"06:30\", in UTC",
        ),
        (table({"a thing": '{day: {"24:00": 1}}'}), "'24:00' is not a time"),
        (table({"a thing": '{rate: 1, "on": {32: {"00:00": 1}}}'}), "on: there is no '32'"),
        (table({"a thing": "{rate: 1, consistent: 1}"}), "consistent is 1, but must be true or false"),
        (
            table({"things due": "{rate: 1, consistent: true}"}),
            "only reads of a table can be consistent, not those of an index, and not writes",
        ),
        (table({"a thing, written": "{rate: 1, consistent: true}"}), "only reads of a table can be consistent"),
        (
            table({}, indexes="{due: {share: 2}}"),
            "share is 2; it is the part of the items that the index holds, 0 to 1",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_a_line_that_says_what_to_write(load, text, message):
    with pytest.raises(CallError) as error:
        load(text)

    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_another_version_of_the_program_counts_what_it_has(load):
    text = table(
        {"a thing": "{rate: 1}", "things due": "{rate: 1}", "unheard": "{rate: 1}"}, indexes="{due: {share: 1}}"
    )
    found = load(text + "  others: {}\n", {"things": {"name": "Things-dev"}}, is_partial=True)

    assert [each.question for each in found.asked] == ["a thing"]


def test_a_question_of_an_index_that_is_not_deployed_is_refused(load):
    with pytest.raises(CallError, match="Things has no index due, which the question needs"):
        load(table({"things due": "{rate: 1}"}), {"things": {"name": "Things-dev"}})


def test_a_missing_file_is_named(tmp_path):
    for name in ("usage.yaml", "usage.csv"):
        with pytest.raises(CallError, match=f"no {tmp_path / name}"):
            usage.load(tmp_path / name, [THINGS], INPUTS)


HEAD = "Timestamp,TableName,GlobalSecondaryIndexName,MetricName,Sum\n"


def test_sums_of_cloudwatch_are_units_a_second_from_the_first_day_on(load):
    rows = (
        "2026-11-02T00:01:00Z,Things-dev,,ConsumedReadCapacityUnits,120\n"
        "2026-11-03T00:00:00+00:00,Things-dev,due-index,ConsumedWriteCapacityUnits,30\n"
    )
    found = load(HEAD + rows, name="usage.csv")

    assert found.demand("Things-dev", "", "read")[:2] == (((0, 0.0), (1, 2.0), (2, 0.0)), ((0, 0.0),))
    assert found.demand("Things-dev", "due-index", "write")[1] == ((0, 0.5), (1, 0.0))
    assert found.not_counted == ["storage and recovery, which consumed capacity doesn't tell"]


ROW = SimpleNamespace(
    time="2026-11-02T00:01:00Z", table="Things-dev", index="", metric="ConsumedReadCapacityUnits", sum="1"
)


def row(**changed):
    return ",".join(vars(SimpleNamespace(**vars(ROW) | changed)).values()) + "\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: the columns must be Timestamp,TableName,GlobalSecondaryIndexName,MetricName,Sum"),
        ("Time,Sum\n", "line 1: the columns must be"),
        (HEAD, "has no rows; give the sums of each minute of a month"),
        (HEAD + "1,2\n", "line 2: 2 fields, but there must be 5"),
        (HEAD + row(table="Thing"), "line 2: the stack has no table 'Thing'; its tables are Things-dev"),
        (HEAD + row(index="x"), "line 2: Things-dev has no index 'x'"),
        (HEAD + row(metric="Read"), "line 2: the metric is 'Read', but must be ConsumedReadCapacityUnits or"),
        (HEAD + row(time="Monday"), "line 2: 'Monday' is not a time; write 2026-11-01T00:00:00Z"),
        (
            HEAD + row(time="2026-11-02T00:01:30Z"),
            "is not the start of a minute; use CloudWatch's period of 60 seconds",
        ),
        (HEAD + row(sum="-1"), "line 2: Sum is '-1', but must be a number, at least 0"),
        (HEAD + row(sum="nan"), "line 2: Sum is 'nan', but must be a number, at least 0"),
        (HEAD + row(sum="x"), "line 2: Sum is 'x', but must be a number, at least 0"),
        (HEAD + row() + row(), "line 3: the same metric and minute as in an earlier line; keep one of them"),
        (HEAD + row() + row(time="2026-12-03T00:00:00Z"), "Things-dev has more than 31 days; give one month"),
    ],
)
def test_a_wrong_csv_is_refused_with_its_line(load, text, message):
    with pytest.raises(CallError) as error:
        load(text, name="usage.csv")

    assert message in str(error.value)


def test_time_without_a_zone_is_utc(load):
    found = load(HEAD + row(time="2026-11-02 00:01:00"), name="usage.csv")

    assert found.demand("Things-dev", "", "read")[0][1] == (1, 1 / 60)
