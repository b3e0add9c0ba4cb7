from dataclasses import replace

from pulumi_policy import EnforcementLevel

from dynamodb.rules import alarmed
from tests.policies.judge import (
    ABSENT,
    ALARM,
    ON_DEMAND,
    PET,
    UNKNOWN,
    Resource,
    alarm,
    cases,
    fails,
    judge,
    not_known,
    passes,
    scaled,
)

NAME = "dynamodb-table-alarmed"
NO_READS = ("rental", "table 'RentalInvoices' has no metric alarm on throttled reads")
UNSURE = ("rental", not_known("which metric alarm is for table 'RentalInvoices'"))
ALARMS = ("rental-reads", "rental-writes", "users-reads", "users-writes")
INDEX = {"TableName": "RentalInvoices", "GlobalSecondaryIndexName": "due-index"}
MATH = {"id": "sum", "expression": "a + b"}


def without_alarms(*more):
    return scaled(dict.fromkeys(ALARMS, ABSENT), *more)


@cases(
    passes("both"),
    fails("no reads", {"rental-reads": ABSENT}, NO_READS),
    fails(
        "no writes",
        {"users-writes": ABSENT},
        ("users", "table 'Users' has no metric alarm on throttled writes"),
    ),
    fails(
        "neither, of one of two tables",
        {"rental-reads": ABSENT, "rental-writes": ABSENT},
        ("rental", "table 'RentalInvoices' has no metric alarm on throttled reads and writes"),
    ),
    fails("writes twice", {"rental-reads": {"metricName": "WriteThrottleEvents"}}, NO_READS),
    fails("another metric", {"rental-reads": {"metricName": "ThrottledRequests"}}, NO_READS),
    fails("another namespace", {"rental-reads": {"namespace": "AWS/Lambda"}}, NO_READS),
    fails("another table", {"rental-reads": {"dimensions": {"TableName": "Users"}}}, NO_READS),
    fails("an index", {"rental-reads": {"dimensions": INDEX}}, NO_READS),
    fails("another dimension", {"rental-reads": {"dimensions.Operation": "GetItem"}}, NO_READS),
    fails("no dimension", {"rental-reads": {"dimensions": ABSENT}}, NO_READS),
    fails("dimensions that are none", {"rental-reads": {"dimensions": "RentalInvoices"}}, NO_READS),
    fails("a metric that is none", {"rental-reads": {"metricName": ["ReadThrottleEvents"]}}, NO_READS),
    passes("a dimension that is empty", {"rental-reads": {"dimensions.Operation": ""}}),
    fails("without its actions", {"rental-reads": {"actionsEnabled": False}}, NO_READS),
    passes("with its actions", {"rental-reads": {"actionsEnabled": True}}),
    fails("a metric that is not known", {"rental-reads": {"metricName": UNKNOWN}}, UNSURE),
    fails("a namespace that is not known", {"rental-reads": {"namespace": UNKNOWN}}, UNSURE),
    passes("a table that is not known, and comes from its table", {"rental-reads": {"dimensions.TableName": UNKNOWN}}),
    passes("dimensions that are not known, and come from its table", {"rental-reads": {"dimensions": UNKNOWN}}),
    fails("an index of that table", {"rental-reads": {"dimensions": INDEX | {"TableName": UNKNOWN}}}, NO_READS),
    passes(
        "a metric in metric math",
        {"rental-reads": {"metricQueries": [MATH, {"metric": alarm("RentalInvoices", "Read")}]}},
    ),
    fails(
        "a query",
        {"rental-reads": {"metricName": ABSENT, "metricQueries": [{"expression": "SELECT SUM(ReadThrottleEvents)"}]}},
        NO_READS,
    ),
)
def test_a_table_has_alarms_on_its_reads_and_its_writes(case):
    assert judge(NAME, *scaled(case.change)) == case.reported


def test_a_stack_without_alarms_is_one_violation():
    assert judge(NAME, *without_alarms()) == [
        (None, "none of the 2 tables has a metric alarm on throttled reads and writes")
    ]
    assert judge(NAME, *without_alarms(), config={"exemptTables": ["RentalInvoices"]}) == [
        ("users", "table 'Users' has no metric alarm on throttled reads and writes")
    ]
    assert judge(NAME, *without_alarms(), config={"exemptTables": ["*"]}) == []


def test_an_alarm_from_elsewhere_may_be_for_any_table():
    unknown = alarm("", "Read", dimensions={"TableName": UNKNOWN})
    elsewhere = Resource(type=ALARM, name="pet-reads", inputs=unknown)

    assert judge(NAME, *scaled({"rental-reads": ABSENT}, elsewhere)) == [UNSURE]
    assert judge(NAME, *scaled({"rental-writes": ABSENT}, elsewhere)) == [
        ("rental", "table 'RentalInvoices' has no metric alarm on throttled writes")
    ]
    assert judge(NAME, *scaled({"rental-reads": ABSENT}, elsewhere), config={"allowUnknown": True}) == []


def test_a_table_without_a_known_name_may_be_the_one_of_any_alarm():
    program = scaled({"rental": {"name": UNKNOWN}})

    assert judge(NAME, *program) == [("rental", not_known("which metric alarm is for the table"))]


def test_an_alarm_is_for_the_table_whose_name_comes_from_the_same_resource():
    pet = Resource(type=PET, name="pet", inputs={})
    table = Resource(inputs=ON_DEMAND | {"name": UNKNOWN}, sources={"name": ["pet"]})
    alarms = [
        Resource(type=ALARM, name=access, inputs=alarm(UNKNOWN, access), sources={"dimensions": ["pet"]})
        for access in ("Read", "Write")
    ]

    assert judge(NAME, pet, table, *alarms) == []


def test_an_alarm_of_another_region_sees_nothing_of_the_table():
    away = [replace(one, region="us-east-1") if one.name == "rental-reads" else one for one in scaled()]

    assert judge(NAME, *away) == [NO_READS]


def test_it_is_advisory_by_default():
    assert alarmed.POLICY.enforcement_level is EnforcementLevel.ADVISORY
