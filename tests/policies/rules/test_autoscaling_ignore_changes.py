from dataclasses import replace

from tests.policies.judge import (
    ABSENT,
    ARN,
    COMPLIANT,
    IGNORED,
    INDEX,
    TABLE_REPLICA,
    TARGET,
    UNKNOWN,
    Resource,
    cases,
    fails,
    judge,
    passes,
    scaled,
    target,
)

NAME = "dynamodb-autoscaling-ignore-changes"
GSI = "globalSecondaryIndexes"
DUE = COMPLIANT[GSI][0]
INDEXES = IGNORED[2:]
BY_POSITION = [path.replace("*", "0") for path in IGNORED]
HUGE = f"{GSI}[{'9' * 5000}].readCapacity"


def ignoring(change, ignored, *more):
    """Return a compliant program with a change, of which the table ignores these paths."""
    rental, *others = scaled(change, *more)
    return [replace(rental, ignore_changes=ignored), *others]


def lacks(*paths, to=IGNORED):
    set_back = "so the next deployment would reset what autoscaling changed"
    return [("rental", f"ignoreChanges lacks {', '.join(paths)}, {set_back}: set it to {to}")]


def has(*paths, to=IGNORED):
    return [("rental", f"ignoreChanges has {', '.join(paths)}, so deployments would miss real changes: set it to {to}")]


@cases(
    passes("all", ignored=IGNORED),
    passes("all, the index by position", ignored=BY_POSITION),
    fails("none", {}, *lacks(*IGNORED), ignored=[]),
    fails("all but one", {}, *lacks("readCapacity"), ignored=IGNORED[1:]),
    fails("not the index's", {}, *lacks(*INDEXES), ignored=IGNORED[:2]),
    fails(
        "another index by position",
        {"rental": {GSI: [DUE, DUE | {"name": "other"}]}},
        *lacks(INDEXES[0]),
        ignored=[*IGNORED[:2], f"{GSI}[1].readCapacity", *IGNORED[3:]],
    ),
    passes("no index", {"rental": {GSI: ABSENT}}, ignored=IGNORED[:2]),
    fails("more than a position", {}, *has(f"{GSI}[1].readCapacity"), ignored=[*IGNORED, f"{GSI}[1].readCapacity"]),
    fails("a position beyond counting", {}, *has(HUGE), ignored=[*IGNORED, HUGE]),
    fails("all properties", {}, *has("*"), ignored=[*IGNORED, "*"]),
    fails("all of the indexes", {}, *has(GSI, f"{GSI}[*]"), ignored=[*IGNORED, GSI, f"{GSI}[*]"]),
    fails("other properties", {}, *has("billingMode", "tags"), ignored=[*IGNORED, "tags", "billingMode"]),
    fails(
        "too little and too much are one finding",
        {},
        (
            "rental",
            f"ignoreChanges lacks {IGNORED[3]}, so the next deployment would reset what autoscaling changed, and has tags, so deployments would miss real changes: set it to {IGNORED}",
        ),
        ignored=[*IGNORED[:3], "tags"],
    ),
    fails("replicas without a TableReplica", {}, *has("replicas"), ignored=[*IGNORED, "replicas"]),
    passes(
        "only reads are scaled",
        {"table-write": ABSENT, "index-write": ABSENT},
        ignored=["readCapacity", f"{GSI}[*].readCapacity"],
    ),
    passes(
        "only the table is scaled",
        dict.fromkeys(["index-read", "index-write", "table-write"], ABSENT),
        ignored=["readCapacity"],
    ),
    passes(
        "only the index is scaled",
        {"table-read": ABSENT, "table-write": ABSENT},
        ignored=INDEXES,
    ),
    passes(
        "nothing is scaled",
        {f"{kind}-{access}": ABSENT for kind in ("table", "index") for access in ("read", "write")},
        ignored=["*"],
    ),
    passes("an on-demand table", {"rental": {"billingMode": "PAY_PER_REQUEST"}}, ignored=[]),
    fails("a billing mode that is not known", {"rental": {"billingMode": UNKNOWN}}, *lacks(*IGNORED), ignored=[]),
    passes("indexes that are not known", {"rental": {GSI: UNKNOWN}}, ignored=IGNORED),
)
def test_exactly_the_autoscaled_capacities_are_ignored(case):
    assert judge(NAME, *ignoring(case.change, case.ignored)) == case.reported


def test_an_exempt_table_is_not_judged():
    assert judge(NAME, *ignoring({}, []), config={"exemptTables": ["RentalInvoices"]}) == []


def test_beside_a_replica_of_its_own_replicas_may_be_ignored_and_need_not():
    replica = Resource(type=TABLE_REPLICA, name="replica", inputs={"globalTableArn": ARN}, region="us-east-1")
    both = ["replicas", *IGNORED]

    assert judge(NAME, *ignoring({}, both, replica)) == judge(NAME, *ignoring({}, IGNORED, replica)) == []
    assert judge(NAME, *ignoring({}, ["replicas"], replica)) == lacks(*IGNORED, to=[*IGNORED, "replicas"])


def test_a_target_in_a_replica_s_region_moves_no_capacity_of_the_table():
    replica = Resource(type=TABLE_REPLICA, name="replica", inputs={"globalTableArn": ARN}, region="us-east-1")
    there = [replace(resource, region="us-east-1") for resource in scaled() if resource.type == TARGET]

    assert judge(NAME, Resource(ignore_changes=[]), replica, *there) == []


OWN = {"tableName": "RentalInvoices", "indexName": "own-index"}
SET_BACK = "provisionedThroughput, so the next deployment would reset what autoscaling changed: set it to ['provisionedThroughput']"
MISS = "projection, so deployments would miss real changes: set it to ['provisionedThroughput']"
UNITS = ["provisionedThroughput.readCapacityUnits", "provisionedThroughput.writeCapacityUnits"]


@cases(
    passes("all", ignored=["provisionedThroughput"]),
    passes("each", ignored=UNITS),
    fails("none", {}, ("own", f"ignoreChanges lacks {SET_BACK}"), ignored=[]),
    fails("one", {}, ("own", f"ignoreChanges lacks {SET_BACK}"), ignored=UNITS[:1]),
    fails("too much", {}, ("own", f"ignoreChanges has {MISS}"), ignored=["provisionedThroughput", "projection"]),
)
def test_an_index_that_is_a_resource_of_its_own_ignores_its_throughput(case):
    ids = ("table/RentalInvoices/index/own-index", "dynamodb:index:WriteCapacityUnits")
    own = Resource(type=INDEX, name="own", inputs=OWN, ignore_changes=case.ignored)
    scaling = Resource(type=TARGET, name="scaling", inputs=target(*ids))

    assert judge(NAME, Resource(ignore_changes=[]), own, scaling) == case.reported
    assert judge(NAME, Resource(ignore_changes=[]), own) == []


def test_a_deployed_table_shows_its_standalone_indexes_whose_capacity_is_not_its_own():
    own = Resource(
        type=INDEX, name="own", inputs=OWN | {"indexName": "due-index"}, ignore_changes=["provisionedThroughput"]
    )
    rental, *others = scaled({"rental": {GSI: ABSENT}})
    rental = replace(rental, ignore_changes=IGNORED[:2], outputs={"arn": ARN, GSI: [DUE]})

    assert judge(NAME, rental, own, *others) == []
