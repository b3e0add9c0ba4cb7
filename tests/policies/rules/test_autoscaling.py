from dataclasses import replace

import pytest

from tests.policies.judge import (
    ABSENT,
    ARN,
    COMPLIANT,
    INDEX,
    INDEX_ID,
    ON_DEMAND,
    PET,
    POLICY,
    TABLE_ID,
    TABLE_REPLICA,
    TARGET,
    UNKNOWN,
    Resource,
    cases,
    fails,
    judge,
    not_known,
    passes,
    scaled,
    scaling_policy,
    target,
)

NAME = "dynamodb-autoscaling-enabled"
CONFIGURATION = "targetTrackingScalingPolicyConfiguration"
METRIC = f"{CONFIGURATION}.predefinedMetricSpecification.predefinedMetricType"
INDEX_LABEL = "index 'due-index' of table 'RentalInvoices'"
READS, WRITES = "dynamodb:table:ReadCapacityUnits", "dynamodb:table:WriteCapacityUnits"
BOTH = "reads of the table, writes of the table"
DIMENSIONS = "but must be dynamodb:table: or dynamodb:index:, then ReadCapacityUnits or WriteCapacityUnits"
NO_SUCH = "but the stack has no such table or index: correct it, remove the target, or add the table to exemptTables"
NO_TARGET = "the stack has no scalable target for {}: add it, and take the policy's ids from the target"


def lacks(what, table="table 'RentalInvoices'"):
    return (
        f"{table} is PROVISIONED and has no scalable target for {what}: "
        "add the targets, set billingMode to PAY_PER_REQUEST, or add the table to exemptTables"
    )


OF_INDEX = [f"index-{name}" for name in ("read", "read-policy", "write", "write-policy")]
OF_TABLE = [name.replace("index", "table") for name in OF_INDEX]
WITHOUT_INDEX, WITHOUT_TABLE = dict.fromkeys(OF_INDEX, ABSENT), dict.fromkeys(OF_TABLE, ABSENT)
WRITE = ["index-write", "index-write-policy"]
BOTH_OF_INDEX = "reads of index 'due-index', writes of index 'due-index'"
VALUE = f"{CONFIGURATION}.targetValue"
UNITS = "but must be 1 to 40000 capacity units"
ON_DEMAND_TABLE = (
    "table 'Users' is PAY_PER_REQUEST and has no capacity to scale: remove this resource, or make the table PROVISIONED"
)
NAMES_TABLE = (
    "scalableDimension is 'dynamodb:index:WriteCapacityUnits', but resourceId names the table 'RentalInvoices'"
)
NO_POLICY = ("index-write", f"the scalable target for writes of {INDEX_LABEL} has no scaling policy: add one")
NO_WRITES = ("rental", lacks("writes of index 'due-index'"))


@cases(
    passes("compliant"),
    fails("no target and no policy", {"index-write": ABSENT, "index-write-policy": ABSENT}, NO_WRITES),
    fails("no target", {"index-write": ABSENT}, NO_WRITES),
    fails(
        "no target at all is one finding",
        dict.fromkeys(OF_TABLE + OF_INDEX, ABSENT),
        ("rental", lacks(f"{BOTH}, {BOTH_OF_INDEX}")),
    ),
    fails("no policy", {"index-write-policy": ABSENT}, NO_POLICY),
    passes("an index reads less than its table", {"index-read": {"maxCapacity": 9.0}}),
    passes("a table reads more than its index writes", {"table-read": {"maxCapacity": 11.0}}),
    fails(
        "another namespace",
        {"index-write": {"serviceNamespace": "ecs"}},
        NO_WRITES,
        ("index-write", "serviceNamespace is 'ecs', but must be dynamodb"),
    ),
    fails(
        "another namespace, of the policy too",
        {name: {"serviceNamespace": "ecs"} for name in WRITE},
        NO_WRITES,
        ("index-write", "serviceNamespace is 'ecs', but must be dynamodb"),
    ),
    fails(
        "a maximum of the table not known",
        {"table-write": {"maxCapacity": UNKNOWN}},
        ("table-write", not_known("maxCapacity")),
    ),
    fails(
        "not a resource id",
        {"index-write": {"resourceId": "tables/RentalInvoices"}},
        NO_WRITES,
        ("index-write", "resourceId is 'tables/RentalInvoices', but must be table/NAME or table/NAME/index/INDEX"),
    ),
    fails(
        "two wrong ids are one finding",
        {"index-write": {"serviceNamespace": "ecs", "resourceId": "RentalInvoices"}},
        NO_WRITES,
        ("index-write", "serviceNamespace is 'ecs', but must be dynamodb"),
    ),
    fails(
        "no such index",
        {name: {"resourceId": f"{INDEX_ID}-2"} for name in WRITE},
        NO_WRITES,
        ("index-write", f"resourceId is '{INDEX_ID}-2', {NO_SUCH}"),
    ),
    fails(
        "a table on demand",
        {"index-write": {"resourceId": "table/Users", "scalableDimension": WRITES}, "index-write-policy": ABSENT},
        NO_WRITES,
        ("index-write", ON_DEMAND_TABLE),
    ),
    fails(
        "the dimension of an index, the id of a table",
        {name: {"resourceId": TABLE_ID} for name in WRITE},
        NO_WRITES,
        ("index-write", NAMES_TABLE),
    ),
    fails(
        "no such dimension",
        {name: {"scalableDimension": "dynamodb:index:Write"} for name in WRITE},
        NO_WRITES,
        ("index-write", f"scalableDimension is 'dynamodb:index:Write', {DIMENSIONS}"),
    ),
    fails("a billing mode that is not known", {"users": {"billingMode": UNKNOWN}}, ("users", not_known("billingMode"))),
    passes("an index without a name", WITHOUT_INDEX | {"rental": {"globalSecondaryIndexes": [{"hashKey": "due"}]}}),
    fails(
        "an index whose name is not known",
        WITHOUT_INDEX | {"rental": {"globalSecondaryIndexes.0.name": UNKNOWN}},
        ("rental", lacks("reads of an index, writes of an index")),
    ),
    fails("no billing mode", {"users": {"billingMode": ABSENT}}, ("users", lacks(BOTH, "table 'Users'"))),
    passes("an illegal billing mode is another policy's", {"users": {"billingMode": "provisioned"}}),
)
def test_one_mistake_is_one_finding_where_it_is_to_be_corrected(case):
    assert judge(NAME, *scaled(case.change)) == case.reported


@cases(
    fails("no minimum", {"minCapacity": 0.0}, f"minCapacity is missing, {UNITS}"),
    fails("a string", {"minCapacity": "1"}, f"minCapacity is '1', {UNITS}"),
    fails("over the quota", {"maxCapacity": 40001.0}, f"maxCapacity is 40001, {UNITS}"),
    fails("minimum over maximum", {"minCapacity": 11.0}, "minCapacity is 11, which is more than maxCapacity, 10"),
    passes("minimum equal to maximum", {"minCapacity": 10.0}),
    fails("minimum not known", {"minCapacity": UNKNOWN}, not_known("minCapacity")),
    fails("no maximum", {"maxCapacity": ABSENT}, f"maxCapacity is missing, {UNITS}"),
    passes("more writes than its table", {"maxCapacity": 40000.0}),
    fails(
        "fewer writes than its table",
        {"maxCapacity": 9.0},
        f"maxCapacity is 9, less than the 10 of its table: {INDEX_LABEL} would throttle writes to the table; set it to 10 or more",
    ),
)
def test_a_target_of_the_writes_of_an_index(case):
    found = judge(NAME, *scaled({"index-write": case.change}))

    assert found == [("index-write", message) for message in case.reported]


@cases(
    fails("another namespace", {"serviceNamespace": "ecs"}, "serviceNamespace is 'ecs', but must be dynamodb"),
    fails(
        "another type",
        {"policyType": "StepScaling", CONFIGURATION: ABSENT},
        "policyType is 'StepScaling', but must be TargetTrackingScaling",
    ),
    fails("no type", {"policyType": ABSENT}, "policyType is missing, but must be TargetTrackingScaling"),
    fails(
        "no configuration",
        {CONFIGURATION: ABSENT},
        f"{CONFIGURATION} is missing, but must be an object with targetValue and predefinedMetricSpecification",
    ),
    fails("91 percent", {VALUE: 91.0}, f"{VALUE} is 91, but must be 20 to 90 percent"),
    fails("19.9 percent", {VALUE: 19.9}, f"{VALUE} is 19.9, but must be 20 to 90 percent"),
    passes("70.5 percent", {VALUE: 70.5}),
    passes("20 percent", {VALUE: 20.0}),
    passes("90 percent", {VALUE: 90.0}),
    fails("a value that is not known", {VALUE: UNKNOWN}, not_known(VALUE)),
    fails(
        "the metric of reads",
        {METRIC: "DynamoDBReadCapacityUtilization"},
        f"{METRIC} is 'DynamoDBReadCapacityUtilization', but must be DynamoDBWriteCapacityUtilization, as its dimension is for writes",
    ),
    fails(
        "the metric of reads, by a dimension that is its target's",
        {METRIC: "DynamoDBReadCapacityUtilization", "scalableDimension": UNKNOWN},
        f"{METRIC} is 'DynamoDBReadCapacityUtilization', but must be DynamoDBWriteCapacityUtilization, as its dimension is for writes",
    ),
    fails(
        "a customized metric",
        {CONFIGURATION: {"targetValue": 70.0, "customizedMetricSpecification": {"metricName": "m"}}},
        f"{CONFIGURATION}.customizedMetricSpecification is an object, but must be missing: DynamoDB has predefined metrics",
    ),
)
def test_a_scaling_policy_of_the_writes_of_a_table(case):
    found = judge(NAME, *scaled({"table-write-policy": case.change}))

    assert found == [("table-write-policy", message) for message in case.reported]


def test_a_provisioned_table_without_indexes_needs_no_more_than_its_own_targets():
    assert judge(NAME, *scaled(WITHOUT_INDEX | {"rental": {"globalSecondaryIndexes": ABSENT}})) == []


def test_a_stack_without_tables_is_not_judged():
    assert judge(NAME, Resource(type=TARGET, name="t", inputs=target("table/elsewhere", READS))) == []


OF_ELSEWHERE = Resource(type=POLICY, name="policy", inputs=scaling_policy("table/Elsewhere", READS))


def test_a_policy_for_a_table_elsewhere_has_its_target_elsewhere():
    no_target = ("policy", NO_TARGET.format(f"'table/Elsewhere', {READS!r}"))

    assert judge(NAME, *scaled({}, OF_ELSEWHERE)) == [no_target]
    assert judge(NAME, *scaled({}, OF_ELSEWHERE), config={"exemptTables": ["Elsewhere"]}) == []
    assert judge(NAME, *scaled({"index-write-policy": ABSENT}, OF_ELSEWHERE)) == [NO_POLICY, no_target]


@cases(
    fails("of a table on demand", {}, ON_DEMAND_TABLE),
    fails("of no dimension", {"scalableDimension": "x"}, f"scalableDimension is 'x', {DIMENSIONS}"),
    fails(
        "of two wrong ids",
        {"serviceNamespace": "ecs", "resourceId": "table"},
        "serviceNamespace is 'ecs', but must be dynamodb",
    ),
)
def test_a_policy_without_a_target_is_one_finding(case):
    policy = Resource(type=POLICY, name="policy", inputs=scaling_policy("table/Users", READS) | case.change)

    assert judge(NAME, *scaled({}, policy)) == [("policy", message) for message in case.reported]


def test_a_second_target_and_a_second_policy_are_to_be_removed():
    second = Resource(type=TARGET, name="second", inputs=target(TABLE_ID, WRITES) | {"maxCapacity": 9.0})
    policy = Resource(type=POLICY, name="other", inputs=scaling_policy(TABLE_ID, READS))

    assert judge(NAME, *scaled({}, second)) == [
        ("second", "table 'RentalInvoices' already has a scalable target for writes, table-write: remove one")
    ]
    assert judge(NAME, *scaled({}, policy)) == [
        ("other", "the scalable target table-read already has a scaling policy, table-read-policy: remove one")
    ]


@pytest.mark.parametrize("namespace", ["ecs", UNKNOWN])
@pytest.mark.parametrize("resource_id", ["service/c/s", UNKNOWN])
def test_what_scales_another_service_is_not_judged(namespace, resource_id):
    ids = {"serviceNamespace": namespace, "resourceId": resource_id, "scalableDimension": "ecs:service:DesiredCount"}
    others = [
        Resource(type=type_, name=type_, inputs=ids, sources={"resourceId": ["pet"]}) for type_ in (TARGET, POLICY)
    ]
    named = Resource(name="named", inputs=ON_DEMAND | {"name": UNKNOWN}, sources={"name": ["pet"]})

    assert judge(NAME, *scaled(), Resource(type=PET, name="pet", inputs={}), named, *others) == []


@cases(
    passes("the table", {"index-write": ABSENT}),
    passes("its target", {"table-read": {"minCapacity": 0.0}}),
    passes("its target of no known index", {name: {"resourceId": f"{TABLE_ID}/index/x"} for name in WRITE}),
    passes("its target by dependency", {"table-read": {"resourceId": UNKNOWN, "minCapacity": 0.0}}),
    passes("its policy", {"table-read-policy": {"policyType": "StepScaling"}}),
    passes("its policy by dependency", {"table-read-policy": {"policyType": "StepScaling", "resourceId": UNKNOWN}}),
)
def test_an_exempt_table_is_not_judged_nor_what_scales_it(case):
    assert judge(NAME, *scaled(case.change)) != []
    assert judge(NAME, *scaled(case.change), config={"exemptTables": ["Rental*"]}) == []


def test_bounds_are_those_of_the_configuration():
    bounds = {"minimumCapacity": 2.0, "maximumCapacity": 9.0}
    share = {"minimumTargetUtilization": 75.0, "maximumTargetUtilization": 80.0}
    found = judge(NAME, *scaled(), config=bounds | share)

    assert {message for _, message in found} == {
        "minCapacity is 1, but must be 2 to 9 capacity units",
        "maxCapacity is 10, but must be 2 to 9 capacity units",
        f"{VALUE} is 70, but must be 75 to 80 percent",
    }


def test_a_table_s_target_in_another_region_is_another_s():
    elsewhere = [
        replace(resource, region="us-east-1") if resource.type == TARGET else resource for resource in scaled()
    ]

    assert [found for found in judge(NAME, *elsewhere) if found[0] != "rental"] == [
        (
            target.name,
            f"resourceId is {target.inputs['resourceId']!r}, which is in eu-west-1, but the target is in us-east-1: give it the region of its table",
        )
        for target in elsewhere
        if target.type == TARGET
    ]


FROM_TABLE = {name: {"resourceId": UNKNOWN} for name in OF_TABLE + OF_INDEX}


def test_a_resource_id_that_is_not_known_is_joined_by_the_table_that_it_comes_from():
    assert judge(NAME, *scaled(FROM_TABLE)) == []
    assert judge(NAME, *scaled(FROM_TABLE | {"rental": {"name": UNKNOWN}})) == []


def from_elsewhere(name, change):
    """Return a compliant program in which a resource and its ids are not from the program."""
    return [replace(resource, sources={}) if resource.name == name else resource for resource in scaled({name: change})]


ONE_UNKNOWN = [COMPLIANT["globalSecondaryIndexes"][0], UNKNOWN]
OTHER = {"resourceId": "table/Other"}
WHICH_TARGET = ("rental", not_known("which scalable target is for table 'RentalInvoices'"))


@pytest.mark.parametrize(
    ("program", "reported"),
    [
        pytest.param(
            scaled({"table-read": {"scalableDimension": UNKNOWN}}),
            [WHICH_TARGET, ("table-read", not_known("scalableDimension"))],
            id="a target of a dimension that is not known",
        ),
        pytest.param(
            [
                resource
                for resource in from_elsewhere("table-read", {"resourceId": UNKNOWN})
                if resource.name != "table-read-policy"
            ],
            [WHICH_TARGET, ("table-read", not_known("resourceId"))],
            id="a target of a resource id from elsewhere",
        ),
        pytest.param(
            [*from_elsewhere("table-read", {"resourceId": UNKNOWN}), OF_ELSEWHERE],
            [
                WHICH_TARGET,
                ("table-read", not_known("resourceId")),
                ("policy", not_known(f"which scalable target is for 'table/Elsewhere', {READS!r}")),
            ],
            id="a target of a resource id from elsewhere, and policies that tell theirs",
        ),
        pytest.param(
            from_elsewhere("table-read-policy", {"scalableDimension": UNKNOWN}),
            [
                ("table-read", not_known("which scaling policy is for this target")),
                ("table-read-policy", not_known("scalableDimension")),
            ],
            id="a policy of a dimension from elsewhere",
        ),
        pytest.param(
            from_elsewhere("table-read-policy", {"resourceId": UNKNOWN}),
            [
                ("table-read", not_known("which scaling policy is for this target")),
                ("table-read-policy", not_known("resourceId")),
            ],
            id="a policy of a resource id from elsewhere",
        ),
        pytest.param(
            scaled(
                {
                    "users": {"name": UNKNOWN, "billingMode": "PROVISIONED"},
                    "table-read": OTHER,
                    "table-read-policy": OTHER,
                }
            ),
            [
                ("rental", lacks("reads of the table")),
                ("users", not_known("which scalable target is for the table")),
                ("table-read", not_known("which table or index 'table/Other' names")),
            ],
            id="a target that may be of a table whose name is not known",
        ),
        pytest.param(
            scaled(WITHOUT_INDEX | {"rental": {"globalSecondaryIndexes": UNKNOWN}}),
            [("rental", not_known("globalSecondaryIndexes"))],
            id="indexes that are not known",
        ),
        pytest.param(
            scaled({"rental": {"globalSecondaryIndexes": UNKNOWN}}),
            [("rental", not_known("globalSecondaryIndexes"))],
            id="indexes that are not known, with targets",
        ),
        pytest.param(
            scaled({"rental": {"globalSecondaryIndexes": ONE_UNKNOWN}}),
            [("rental", not_known("globalSecondaryIndexes[1]"))],
            id="an index that is not known",
        ),
        pytest.param(
            scaled(
                {
                    "rental": {"globalSecondaryIndexes": ONE_UNKNOWN},
                    "index-read": {"resourceId": "table/Users/index/none"},
                }
            ),
            [
                ("rental", lacks("reads of index 'due-index'")),
                ("rental", not_known("globalSecondaryIndexes[1]")),
                ("index-read", f"resourceId is 'table/Users/index/none', {NO_SUCH}"),
            ],
            id="an index that is not known, of another table than the target's",
        ),
        pytest.param(
            scaled({"rental": {"globalSecondaryIndexes": UNKNOWN, "billingMode": "PAY_PER_REQUEST"}} | WITHOUT_TABLE),
            [(name, f"resourceId is {INDEX_ID!r}, {NO_SUCH}") for name in ("index-read", "index-write")],
            id="indexes of an on-demand table that are not known, with targets",
        ),
    ],
)
def test_what_is_not_known_is_reported_and_can_be_allowed(program, reported):
    certain = [finding for finding in reported if "not known until deployment" not in finding[1]]

    assert judge(NAME, *program) == reported
    assert judge(NAME, *program, config={"allowUnknown": True}) == certain


def index_of_its_own(table_name, **inputs):
    return Resource(
        type=INDEX,
        name="own",
        inputs={"tableName": table_name, "indexName": "own-index"} | inputs,
        sources={"tableName": ["rental"]},
    )


@pytest.mark.parametrize("table_name", ["RentalInvoices", UNKNOWN])
def test_an_index_that_is_a_resource_of_its_own_scales_too(table_name):
    lacking = ("rental", lacks("reads of index 'own-index', writes of index 'own-index'"))
    ids = [(f"{TABLE_ID}/index/own-index", f"dynamodb:index:{access}CapacityUnits") for access in ("Read", "Write")]
    targets = [Resource(type=TARGET, name=f"own-{ids[1]}", inputs=target(*ids)) for ids in ids]
    policies = [Resource(type=POLICY, name=f"own-{ids[1]}-policy", inputs=scaling_policy(*ids)) for ids in ids]
    own = index_of_its_own(table_name)

    assert judge(NAME, *scaled({}, own)) == [lacking]
    assert judge(NAME, *scaled({}, own, *targets, *policies)) == []


def test_a_deployed_table_shows_its_standalone_indexes_which_are_no_others():
    program = scaled(
        {"rental": {"globalSecondaryIndexes": ABSENT}}, index_of_its_own("RentalInvoices", indexName="due-index")
    )
    read = {"arn": ARN, "globalSecondaryIndexes": COMPLIANT["globalSecondaryIndexes"]}

    assert judge(NAME, replace(program[0], outputs=read), *program[1:]) == []


def test_an_index_of_a_table_elsewhere_may_scale_but_need_not():
    assert judge(NAME, *scaled({}, index_of_its_own("Elsewhere"))) == []


def test_targets_in_a_replica_s_region_are_the_replica_s_which_needs_none():
    replica = Resource(type=TABLE_REPLICA, name="replica", inputs={"globalTableArn": ARN}, region="us-east-1")
    inline = {"rental": {"replicas": [{"regionName": "us-east-1"}]}}
    there = [
        replace(resource, name=f"there-{resource.name}", region="us-east-1", sources={})
        for resource in scaled()
        if resource.type in (TARGET, POLICY)
    ]

    assert judge(NAME, *scaled(inline)) == judge(NAME, *scaled({}, replica)) == []
    assert judge(NAME, *scaled(inline, *there)) == judge(NAME, *scaled({}, replica, *there)) == []
    more = [replace(r, inputs=r.inputs | {"maxCapacity": 11.0}) for r in there if r.name == "there-table-write"]
    policy = [r for r in there if r.name == "there-table-write-policy"]
    assert judge(NAME, *scaled(inline, *more, *policy)) == []
