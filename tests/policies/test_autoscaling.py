"""dynamodb-autoscaling-enabled, on stacks of tables, targets and policies."""

import pytest

from tests.policies.judge import ABSENT, COMPLIANT, HINT, ON_DEMAND, UNKNOWN, changed, stack_violations

POLICY_NAME = "dynamodb-autoscaling-enabled"
TABLE, INDEX = "aws:dynamodb/table:Table", "aws:dynamodb/globalSecondaryIndex:GlobalSecondaryIndex"
TARGET, POLICY = "aws:appautoscaling/target:Target", "aws:appautoscaling/policy:Policy"
TABLE_ID, INDEX_ID = "table/RentalInvoices", "table/RentalInvoices/index/due-index"
CONFIGURATION = "targetTrackingScalingPolicyConfiguration"
ON_TABLE, ON_INDEX = "table 'RentalInvoices'", "index 'due-index' of table 'RentalInvoices'"


def target(resource_id, dimension, low=1.0, high=10.0):
    return {
        "serviceNamespace": "dynamodb",
        "resourceId": resource_id,
        "scalableDimension": dimension,
        "minCapacity": low,
        "maxCapacity": high,
    }


def policy(resource_id, dimension):
    access = "Read" if "Read" in dimension else "Write"
    return {
        "name": f"DynamoDB{access}AutoScalingPolicy",
        "policyType": "TargetTrackingScaling",
        "serviceNamespace": "dynamodb",
        "resourceId": resource_id,
        "scalableDimension": dimension,
        CONFIGURATION: {
            "predefinedMetricSpecification": {"predefinedMetricType": f"DynamoDB{access}CapacityUtilization"},
            "targetValue": 70.0,
        },
    }


def stack(changes=(), *more):
    """Return the compliant stack; `changes` maps a resource's type and name to its changed properties."""
    resources = {(TABLE, "rental"): (COMPLIANT, {}), (TABLE, "users"): (ON_DEMAND, {})}
    for kind, resource_id in (("table", TABLE_ID), ("index", INDEX_ID)):
        for access in ("Read", "Write"):
            name, dimension = f"{kind}-{access}", f"dynamodb:{kind}:{access}CapacityUnits"
            resources[TARGET, name] = (target(resource_id, dimension), {"resourceId": [f"{TABLE}::rental"]})
            resources[POLICY, name] = (
                policy(resource_id, dimension),
                {"resourceId": [f"{TARGET}::{name}"], "scalableDimension": [f"{TARGET}::{name}"]},
            )
    for key, change in dict(changes).items():
        if change is ABSENT:
            del resources[key]
        else:
            resources[key] = (changed(resources[key][0], change), resources[key][1])
    return [(type_, name, props, deps) for (type_, name), (props, deps) in resources.items()] + list(more)


def judge(changes=(), *more, config=None):
    return [
        (urn.split(":")[-1] if urn.startswith(TABLE) else urn.removeprefix("aws:appautoscaling/"), message)
        for urn, message in stack_violations(POLICY_NAME, stack(changes, *more), config)
    ]


def test_a_compliant_stack_passes():
    assert judge() == []


def test_a_stack_without_a_table_passes_whatever_else_is_in_it():
    orphan = (TARGET, "t", target("table/elsewhere", "dynamodb:table:ReadCapacityUnits"), {})

    assert stack_violations(POLICY_NAME, [orphan]) == []


@pytest.mark.parametrize("mode", [ABSENT, None, "", "provisioned", 5.0])
def test_a_billing_mode_that_is_absent_or_none_counts_as_provisioned(mode):
    resources = [(TABLE, "t", changed(COMPLIANT, {"billingMode": mode, "globalSecondaryIndexes": []}), {})]

    assert stack_violations(POLICY_NAME, resources) == [
        (
            f"{TABLE}::t",
            f"the {a.lower()} capacity of {ON_TABLE} has no scalable target (dynamodb:table:{a}CapacityUnits)",
        )
        for a in ("Read", "Write")
    ]


NO_WRITE_ON_INDEX = f"the write capacity of {ON_INDEX} has no scalable target (dynamodb:index:WriteCapacityUnits)"
IDS = "table/NAME or table/NAME/index/INDEX"
T, P = "target:Target::index-Write", "policy:Policy::index-Write"
TARGET_KEY, POLICY_KEY = (TARGET, "index-Write"), (POLICY, "index-Write")
NO_SUCH = "but the stack has no such table or index"


@pytest.mark.parametrize(
    ("changes", "reported"),
    [
        (
            {TARGET_KEY: ABSENT},
            [
                ("rental", NO_WRITE_ON_INDEX),
                (P, f"the stack has no scalable target for {INDEX_ID!r}, 'dynamodb:index:WriteCapacityUnits'"),
            ],
        ),
        (
            {POLICY_KEY: ABSENT},
            [(T, f"the write capacity of {ON_INDEX} has a scalable target, but no target tracking scaling policy")],
        ),
        ({TARGET_KEY: {"minCapacity": 0.0}}, [(T, "minCapacity is absent, but must be 1 to 40000 capacity units")]),
        ({TARGET_KEY: {"minCapacity": "1"}}, [(T, "minCapacity is '1', but must be 1 to 40000 capacity units")]),
        ({TARGET_KEY: {"maxCapacity": 40001.0}}, [(T, "maxCapacity is 40001, but must be 1 to 40000 capacity units")]),
        (
            {TARGET_KEY: {"minCapacity": 12.0, "maxCapacity": 11.0}},
            [(T, "minCapacity is 12, over maxCapacity, which is 11")],
        ),
        (
            {TARGET_KEY: {"maxCapacity": 9.0}},
            [(T, f"maxCapacity is 9, under the 10 of its table: {ON_INDEX} would throttle writes to the table")],
        ),
        ({(TARGET, "index-Read"): {"maxCapacity": 9.0}}, []),
        ({TARGET_KEY: {"minCapacity": UNKNOWN}}, [(T, f"minCapacity{HINT}")]),
        (
            {TARGET_KEY: {"serviceNamespace": "ecs"}},
            [("rental", NO_WRITE_ON_INDEX), (T, "serviceNamespace is 'ecs', but must be dynamodb")],
        ),
        (
            {TARGET_KEY: {"resourceId": "RentalInvoices"}},
            [
                ("rental", NO_WRITE_ON_INDEX),
                (T, f"resourceId is 'RentalInvoices', but must be {IDS}"),
                (
                    T,
                    "the write capacity of 'RentalInvoices' has a scalable target, but no target tracking scaling policy",
                ),
                (P, f"the stack has no scalable target for {INDEX_ID!r}, 'dynamodb:index:WriteCapacityUnits'"),
            ],
        ),
        (
            {TARGET_KEY: {"resourceId": f"{INDEX_ID}-2"}, POLICY_KEY: {"resourceId": f"{INDEX_ID}-2"}},
            [("rental", NO_WRITE_ON_INDEX), (T, f"resourceId is '{INDEX_ID}-2', {NO_SUCH}")],
        ),
        (
            {TARGET_KEY: {"resourceId": "table/Users"}, POLICY_KEY: {"resourceId": "table/Users"}},
            [
                ("rental", NO_WRITE_ON_INDEX),
                (T, "scalableDimension is 'dynamodb:index:WriteCapacityUnits', but resourceId names the table 'Users'"),
                (T, "table 'Users' is billed by request: there is no capacity to scale"),
                (P, "scalableDimension is 'dynamodb:index:WriteCapacityUnits', but resourceId names the table 'Users'"),
                (P, "table 'Users' is billed by request: there is no capacity to scale"),
            ],
        ),
        (
            {
                TARGET_KEY: {"scalableDimension": "dynamodb:index:Write"},
                POLICY_KEY: {"scalableDimension": "dynamodb:index:Write"},
            },
            [
                ("rental", NO_WRITE_ON_INDEX),
                *(
                    (
                        urn,
                        "scalableDimension is 'dynamodb:index:Write', but must be dynamodb:table: or dynamodb:index:, "
                        "and then ReadCapacityUnits or WriteCapacityUnits",
                    )
                    for urn in (T, P)
                ),
            ],
        ),
        (
            {POLICY_KEY: {"policyType": "StepScaling"}},
            [(P, "policyType is 'StepScaling', but must be TargetTrackingScaling")],
        ),
        ({POLICY_KEY: {"policyType": ABSENT}}, [(P, "policyType is absent, but must be TargetTrackingScaling")]),
        (
            {POLICY_KEY: {f"{CONFIGURATION}.targetValue": 91.0}},
            [(P, f"{CONFIGURATION}.targetValue is 91, but must be 20 to 90 percent")],
        ),
        ({POLICY_KEY: {f"{CONFIGURATION}.targetValue": UNKNOWN}}, [(P, f"{CONFIGURATION}.targetValue{HINT}")]),
        (
            {
                POLICY_KEY: {
                    f"{CONFIGURATION}.predefinedMetricSpecification.predefinedMetricType": "DynamoDBReadCapacityUtilization"
                }
            },
            [
                (
                    P,
                    f"{CONFIGURATION}.predefinedMetricSpecification.predefinedMetricType is 'DynamoDBReadCapacityUtilization', "
                    "but must be DynamoDBWriteCapacityUtilization, as its dimension says",
                )
            ],
        ),
        ({(TABLE, "rental"): {"billingMode": UNKNOWN}}, [("rental", f"billingMode{HINT}")]),
        (
            {POLICY_KEY: {f"{CONFIGURATION}.customizedMetricSpecification": {"metricName": "m"}}},
            [
                (
                    P,
                    f"{CONFIGURATION}.customizedMetricSpecification is an object, but must be absent beside a predefined metric",
                )
            ],
        ),
    ],
)
def test_a_single_change_is_reported_on_the_resource_to_mend(changes, reported):
    assert judge(changes) == reported


def test_a_missing_target_is_reported_on_the_table_and_its_policy_on_the_policy():
    assert judge({TARGET_KEY: ABSENT, POLICY_KEY: ABSENT}) == [("rental", NO_WRITE_ON_INDEX)]


def test_a_second_target_and_a_second_policy_are_reported_on_the_second():
    dimension = "dynamodb:table:ReadCapacityUnits"
    found = judge(
        (), (TARGET, "second", target(TABLE_ID, dimension), {}), (POLICY, "other", policy(TABLE_ID, dimension), {})
    )

    assert found == [
        (
            "target:Target::second",
            f"the read capacity of {ON_TABLE} has a scalable target, but no target tracking scaling policy",
        ),
        ("target:Target::second", f"{ON_TABLE} has a target for its read capacity already: table-Read"),
        ("policy:Policy::other", "the scalable target table-Read has a policy already: table-Read"),
    ]


def test_what_scales_no_dynamodb_is_not_judged():
    ecs = {"serviceNamespace": "ecs", "resourceId": "service/c/s", "scalableDimension": "ecs:service:DesiredCount"}

    for namespace in ("ecs", UNKNOWN):
        other = ecs | {"serviceNamespace": namespace}
        assert judge((), (TARGET, "ecs", other, {}), (POLICY, "ecs", other, {})) == []


def test_an_exempt_table_is_not_judged_nor_what_scales_it():
    changes = {TARGET_KEY: ABSENT, (TARGET, "table-Read"): {"minCapacity": 0.0}}

    assert judge(changes, config={"exemptTables": ["RentalInvoices"]}) == []
    assert judge(changes, config={"exemptTables": ["Rental"]}) != []


def test_bounds_are_those_of_the_configuration():
    found = judge(config={"minimumCapacity": 2.0, "maximumCapacity": 9.0, "maximumTargetUtilization": 60.0})

    assert {message for _, message in found} == {
        "minCapacity is 1, but must be 2 to 9 capacity units",
        "maxCapacity is 10, but must be 2 to 9 capacity units",
        f"{CONFIGURATION}.targetValue is 70, but must be 20 to 60 percent",
    }


def test_the_configuration_cannot_loosen_what_aws_demands():
    changes = {(POLICY, "table-Read"): {f"{CONFIGURATION}.targetValue": 95.0}}

    assert judge(changes, config={"maximumTargetUtilization": 100.0}) != []


def unknown_ids(**also):
    keys = [
        (type_, f"{kind}-{a}") for type_ in (TARGET, POLICY) for kind in ("table", "index") for a in ("Read", "Write")
    ]
    return {key: {"resourceId": UNKNOWN} for key in keys} | also


def test_where_resource_ids_are_unknown_targets_are_joined_by_the_table_they_come_from():
    assert judge(unknown_ids()) == []
    assert judge(unknown_ids() | {(TABLE, "rental"): {"name": UNKNOWN}}) == []


def which_target(capacity, index):
    return f"which scalable target is for the {capacity} capacity of index {index!r} of table 'RentalInvoices'{HINT}"


def test_where_it_is_unknown_which_index_is_meant_that_is_reported_and_can_be_allowed():
    second = {"name": "other-index", "hashKey": "due", "readCapacity": 1.0, "writeCapacity": 1.0}
    indexes = [*COMPLIANT["globalSecondaryIndexes"], second]
    changes = unknown_ids() | {(TABLE, "rental"): {"globalSecondaryIndexes": indexes}}
    found = judge(changes)

    assert ("target:Target::index-Read", f"resourceId{HINT}") in found
    assert ("rental", which_target("read", "other-index")) in found
    assert judge(changes, config={"allowUnknown": True}) == []


@pytest.mark.parametrize("indexes", [UNKNOWN, [UNKNOWN]])
def test_indexes_that_are_unknown_are_reported_whatever_scales(indexes):
    path = "globalSecondaryIndexes" if indexes is UNKNOWN else "globalSecondaryIndexes[0]"

    assert ("rental", f"{path}{HINT}") in judge(
        unknown_ids() | {(TABLE, "rental"): {"globalSecondaryIndexes": indexes}}
    )


@pytest.mark.parametrize("change", [{"scalableDimension": UNKNOWN}, {"resourceId": UNKNOWN}])
def test_what_an_unknown_target_may_be_passes_where_unknown_values_are_allowed(change):
    assert judge({(TARGET, "table-Read"): change}, config={"allowUnknown": True}) == []


def test_a_target_that_names_its_index_comes_before_one_that_is_joined_by_dependency():
    changes = {(TARGET, "table-Read"): {"resourceId": UNKNOWN, "scalableDimension": "dynamodb:index:ReadCapacityUnits"}}

    assert (
        "target:Target::index-Read",
        f"{ON_INDEX} has a target for its read capacity already: table-Read",
    ) not in judge(changes)
    assert ("target:Target::table-Read", f"{ON_INDEX} has a target for its read capacity already: index-Read") in judge(
        changes
    )


def test_unknown_values_pass_where_they_are_allowed():
    changes = {TARGET_KEY: {"minCapacity": UNKNOWN}, (TABLE, "users"): {"billingMode": UNKNOWN}}

    assert judge(changes, config={"allowUnknown": True}) == []
    assert len(judge(changes)) == 2


def index_of_its_own(table_name):
    return (INDEX, "own", {"tableName": table_name, "indexName": "own-index"}, {"tableName": [f"{TABLE}::rental"]})


@pytest.mark.parametrize("table_name", ["RentalInvoices", UNKNOWN])
def test_an_index_that_is_a_resource_of_its_own_scales_too(table_name):
    found = [message for _, message in stack_violations(POLICY_NAME, stack((), index_of_its_own(table_name)))]

    assert found == [
        f"the {access.lower()} capacity of index 'own-index' of table 'RentalInvoices' has no scalable target "
        f"(dynamodb:index:{access}CapacityUnits)"
        for access in ("Read", "Write")
    ]


@pytest.mark.parametrize(
    ("props", "dependencies", "message"),
    [
        ({"tableName": UNKNOWN}, {}, f"the table that tableName, not known until deployment, names{HINT}"),
        (
            {"tableName": UNKNOWN},
            {"tableName": [f"{TABLE}::rental", f"{TABLE}::users"]},
            f"the table that tableName, not known until deployment, names{HINT}",
        ),
        ({}, {}, "tableName is absent, but must be the name of a table"),
        ({"tableName": ["x"]}, {}, "tableName is a list, but must be the name of a table"),
    ],
)
def test_an_index_of_its_own_whose_table_is_not_certain_is_reported(props, dependencies, message):
    assert judge((), (INDEX, "own", {"indexName": "own-index", **props}, dependencies)) == [
        ("aws:dynamodb/globalSecondaryIndex:GlobalSecondaryIndex::own", message)
    ]


def test_an_index_of_a_table_outside_the_stack_may_scale_but_need_not():
    assert judge((), (INDEX, "own", {"tableName": "Elsewhere", "indexName": "own-index"}, {})) == []
