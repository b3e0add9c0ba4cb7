"""The pack, over the wire, against the oracle: whatever is registered, it reports exactly what it must."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pulumi_policy import proxy

from ops import pack, project
from ops.plan import Plan, Registration
from tests.conftest import ROOT
from tests.policies.judge import COMPLIANT, IGNORED, ON_DEMAND, UNKNOWN, UNKNOWNS, changed, secret
from tests.policies.oracle import (
    INDEX,
    POLICY,
    SIGNATURE,
    TABLE,
    TARGET,
    resource_verdict,
    stack_verdict,
)

AUTOSCALING = "dynamodb-autoscaling-enabled"
OTHER_TYPES = [TARGET, POLICY, "aws:dynamodb/tableReplica:TableReplica", "aws:s3/bucket:Bucket", "Größe", ""]


def share(parts: int, of: int) -> settings:
    """Return settings for so many parts of the examples of the loaded profile, which are 100 unless it says otherwise."""
    examples = settings().max_examples * parts // of
    return settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def running():
    stack = project.Stack(ROOT, "paypulse", "prod", {})
    with pack.start(ROOT / "policies", None, stack) as started:
        started.connect()
        yield started


def urn(type_: str, name: str) -> str:
    return f"urn:pulumi:prod::paypulse::{type_}::{name}"


def registration(
    type_: str,
    name: str,
    inputs: dict[str, Any],
    *,
    protect: bool = True,
    ignored: Sequence[str] = (),
    dependencies: dict[str, list[str]] | None = None,
) -> Registration:
    return Registration(
        urn=urn(type_, name),
        type=type_,
        name=name,
        parent="",
        custom=True,
        inputs=inputs,
        protect=protect,
        ignore_changes=list(ignored),
        property_dependencies=dependencies or {},
    )


def judged(running, type_: str, inputs: dict[str, Any], *, protect: bool, ignored: list[str]):
    """Return what the pack reports of one registration, and what it must: policies, each with its level."""
    reported = running.analyze(registration(type_, "x", inputs, protect=protect, ignored=ignored))
    must = resource_verdict(type_, inputs, protect=protect, ignore_changes=ignored)
    return {(found.policy, found.level) for found in reported}, {(policy, "mandatory") for policy in must}


# --- One registration -------------------------------------------------------------------------------------------------


def nested(levels: int, *, mapping: bool) -> Any:
    value: Any = "deep"
    for _ in range(levels):
        value = {"name": value} if mapping else [value]
    return value


# What may stand anywhere, whatever is expected there.
ASSET = {SIGNATURE: "c44067f5952c0a294b673a41bacd8c17", "text": "table/RentalInvoices"}
ARCHIVE = {SIGNATURE: "0def7320c3a5731c473e5ecbe6d01bc7", "assets": {"a": ASSET}}
ODDITIES = [
    *[*UNKNOWNS, proxy.UNKNOWN_ASSET_VALUE, proxy.UNKNOWN_ARCHIVE_VALUE],
    *[ASSET, ARCHIVE, secret(UNKNOWN), secret(None), secret(secret("RentalInvoices")), secret([UNKNOWN])],
    *[None, "", 0.0, -0.0, [], {}, False, True, "true", "5", 1.0, -1.0, 1e300],
    *[[None], [UNKNOWN], [{}], [ASSET], [[]], [0.0], ["a"], [{"name": UNKNOWN}], {"name": UNKNOWN}, {"a": None}],
    *["Rechnungen-für-Ñandú", "請求書", "\0", "\N{ROCKET}"],
]
HUGE = [
    *[nested(50, mapping=True), nested(50, mapping=False), "x" * 100_000],
    *[["RentalInvoices"] * 5000, [{"name": f"index-{n}", "hashKey": "UserID"} for n in range(5000)]],
]
trees = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8),
        st.sampled_from(ODDITIES),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4), inner.map(secret)
    ),
    max_leaves=12,
)

huge = st.sampled_from(ODDITIES + HUGE)

# What may be in a resource, in a property, or in an element of it, beside what is there.
INNER = {
    TABLE: [*COMPLIANT, "localSecondaryIndexes", "replicas", "tagsAll"],
    TARGET: ["serviceNamespace", "resourceId", "scalableDimension", "minCapacity", "maxCapacity"],
    POLICY: ["serviceNamespace", "resourceId", "scalableDimension", "policyType"],
    "attributes": ["name", "type"],
    "globalSecondaryIndexes": ["name", "hashKey", "rangeKey", "keySchemas", "readCapacity", "writeCapacity"],
    "localSecondaryIndexes": ["name", "rangeKey"],
    INDEX: ["tableName", "indexName", "provisionedThroughput"],
    "provisionedThroughput": ["readCapacityUnits", "writeCapacityUnits"],
    "keySchemas": ["attributeName", "keyType"],
    "serverSideEncryption": ["enabled", "kmsKeyArn"],
    "pointInTimeRecovery": ["enabled", "recoveryPeriodInDays"],
    "tags": ["Environment"],
    "tagsAll": ["Environment"],
    "targetTrackingScalingPolicyConfiguration": ["targetValue", "customizedMetricSpecification"],
    "predefinedMetricSpecification": ["predefinedMetricType"],
}
BY_DUE = {"name": "by-due", "hashKey": "due", "rangeKey": "UserID", "projectionType": "ALL"}
LOCAL = {"name": "by-due", "rangeKey": "due", "projectionType": "ALL"}
NAMES = ["RentalInvoices", "RentalInvoices-dev", "RentalInvoices-", "rentalinvoices", "xRentalInvoices", "Users"]
ATTRIBUTES = ["UserID", "InvoiceID", "due", "other", "n" * 255]
CAPACITIES = [0.5, 1.0, 1.5, 5.0, 9.0, 11.0, 40000.0, 40001.0]


def schema(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"attributeName": name, "keyType": kind} for name, kind in pairs]


# What is apt for a property, right or nearly so.
APT: dict[str, list[Any]] = {
    "name": [
        *NAMES,
        *ATTRIBUTES,
        "ab",
        "abc",
        "a" * 255,
        "a" * 256,
        "due-index",
        "a b",
        "_.-",
        "RentalInvoices\n",
        "Rental",
    ],
    "billingMode": ["PROVISIONED", "PAY_PER_REQUEST", "provisioned", "ON_DEMAND"],
    "hashKey": ATTRIBUTES,
    "rangeKey": ATTRIBUTES,
    "attributes": [
        [{"name": name, "type": "S"} for name in names]
        for names in (["UserID"], ["UserID", "InvoiceID"], ["UserID", "due"], ["UserID", "UserID"])
    ],
    "type": ["S", "N", "B", "s", "SS"],
    "readCapacity": CAPACITIES,
    "writeCapacity": CAPACITIES,
    "globalSecondaryIndexes": [
        *[UNKNOWN, [UNKNOWN], [BY_DUE], [BY_DUE, BY_DUE], [BY_DUE | {"readCapacity": 1.0, "writeCapacity": 2.0}]],
        *[[BY_DUE | {"name": f"index-{number}"} for number in range(count)] for count in (20, 21)],
        *[[{"name": "multi", "keySchemas": schema(("due", "HASH"))}], [{"name": "due-index"}]],
    ],
    "keySchemas": [
        schema(("due", "HASH")),
        schema(("UserID", "HASH"), ("due", "RANGE")),
        schema(("due", "RANGE"), ("UserID", "HASH")),
        schema(("UserID", "HASH"), ("InvoiceID", "HASH"), ("due", "HASH")),
        schema(("due", "SORT"), ("UserID", "HASH")),
        schema(("due", "RANGE")),
        schema(*[(name, "HASH") for name in ("UserID", "InvoiceID", "due", "a", "b")]),
    ],
    "attributeName": ATTRIBUTES,
    "keyType": ["HASH", "RANGE", "SORT"],
    "localSecondaryIndexes": [
        *[[LOCAL], [LOCAL | {"name": "due-index"}], [{"name": "by-due"}], [LOCAL | {"rangeKey": "UserID"}]],
        *[[LOCAL | {"name": f"local-{number}"} for number in range(count)] for count in (5, 6)],
    ],
    "streamEnabled": [True, False],
    "streamViewType": ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "ALL", "keys_only"],
    "serverSideEncryption": [{"enabled": True, "kmsKeyArn": UNKNOWN}, {"enabled": False}],
    "enabled": [True, False],
    "kmsKeyArn": ["arn:aws:kms:eu-west-1:123456789012:key/1", "alias/aws/dynamodb"],
    "pointInTimeRecovery": [{"enabled": True}, {"enabled": False, "recoveryPeriodInDays": 35.0}],
    "recoveryPeriodInDays": [1.0, 34.0, 34.9, 35.0, 35.5, 36.0],
    "deletionProtectionEnabled": [True, False],
    "tags": [{"Environment": "dev"}, {"environment": "dev"}, {"Environment": ""}],
    "tagsAll": [{"Environment": "dev"}, {"Owner": "x"}, {"Environment": UNKNOWN}, {"Environment": False}],
    "Environment": ["dev", 5.0, {"a": "b"}],
    "replicas": [[{"regionName": "eu-west-1", "kmsKeyArn": UNKNOWN}], [{"regionName": "eu-west-1"}]],
    "readCapacityUnits": CAPACITIES,
    "writeCapacityUnits": CAPACITIES,
    "provisionedThroughput": [{"readCapacityUnits": 1.0, "writeCapacityUnits": 2.0}, {"readCapacityUnits": 1.0}],
    "tableName": ["Rental", "Users", "Elsewhere"],
    "indexName": ["due", "third"],
    "minCapacity": CAPACITIES,
    "maxCapacity": CAPACITIES,
    "serviceNamespace": ["dynamodb", "ecs"],
    "resourceId": [
        *["table/Rental", "table/Users", "table/Rental/index/due", "table/Rental/index/other", "table/Users/index/due"],
        *["Rental", "table/", "table/Rental/", "table/Rental/index/", "service/cluster/web", "TABLE/Rental"],
    ],
    "scalableDimension": [
        f"{service}:{kind}:{access}CapacityUnits"
        for service in ("dynamodb", "cassandra")
        for kind in ("table", "index")
        for access in ("Read", "Write")
    ],
    "policyType": ["TargetTrackingScaling", "StepScaling"],
    "predefinedMetricType": ["DynamoDBReadCapacityUtilization", "DynamoDBWriteCapacityUtilization"],
    "targetValue": [19.9, 20.0, 90.0, 90.1],
    "customizedMetricSpecification": [{"metricName": "x"}],
}


# A table with every kind of index, that no policy has anything against.
RICH = COMPLIANT | {
    "attributes": [{"name": name, "type": "S"} for name in ("UserID", "InvoiceID", "due", "issued")],
    "globalSecondaryIndexes": [
        *COMPLIANT["globalSecondaryIndexes"],
        {
            "name": "multi",
            "keySchemas": schema(("due", "HASH"), ("issued", "RANGE")),
            "readCapacity": 1.0,
            "writeCapacity": 2.0,
        },
    ],
    "localSecondaryIndexes": [{"name": "by-issue", "rangeKey": "issued", "projectionType": "ALL"}],
    "tagsAll": {"Environment": "production", "Owner": "data"},
}


def crowded(global_: int, local: int) -> dict[str, Any]:
    """Return a table of so many indexes."""
    return COMPLIANT | {
        "billingMode": "PAY_PER_REQUEST",
        "readCapacity": None,
        "writeCapacity": None,
        "globalSecondaryIndexes": [BY_DUE | {"name": f"global-{number}"} for number in range(global_)],
        "localSecondaryIndexes": [LOCAL | {"name": f"local-{number}"} for number in range(local)],
    }


def multi(partition: int, sort: int) -> dict[str, Any]:
    """Return a table whose index has so many keys."""
    names = [f"key-{number}" for number in range(partition + sort)]
    types = ["HASH"] * partition + ["RANGE"] * sort
    return ON_DEMAND | {
        "attributes": [{"name": name, "type": "S"} for name in ("UserID", *names)],
        "globalSecondaryIndexes": [{"name": "multi", "keySchemas": schema(*zip(names, types, strict=True))}],
    }


BASES = [
    *[COMPLIANT, ON_DEMAND, RICH] * 3,
    *[COMPLIANT | {"globalSecondaryIndexes": UNKNOWN}, crowded(20, 5), crowded(21, 5), crowded(20, 6)],
    *[multi(4, 4), multi(5, 1), multi(1, 5), multi(0, 2)],
    ON_DEMAND | {"attributes": APT["attributes"][2], "localSecondaryIndexes": [LOCAL]},
]


def places(container: Any, name: str) -> Iterator[tuple[Any, Any, str]]:
    """Yield what can be changed in the value of `name`: a container, a key or position there, the property's name.

    Not within a secret, an asset or an archive, whose form is the wire's; nor far down a long list.
    """
    if isinstance(container, dict) and SIGNATURE not in container:
        for key in dict.fromkeys([*container, *INNER.get(name, [])]):
            yield container, key, key
            yield from places(container.get(key), key)
    elif isinstance(container, list):
        for position in range(min(len(container), 3)):
            yield container, position, name
            yield from places(container[position], name)


@st.composite
def mutated(draw, inputs: dict[str, Any], type_: str) -> dict[str, Any]:
    """Draw the inputs of a resource with one place of them changed."""
    result = copy.deepcopy(inputs)
    container, key, name = draw(st.sampled_from(list(places(result, type_))))
    is_there = isinstance(container, list) or key in container
    match draw(st.sampled_from(["apt", "apt", "apt", "odd", "tree", "away", "secret", "twice"])):
        case "apt" if isinstance(container, dict) and name in APT:
            container[key] = copy.deepcopy(draw(st.sampled_from(APT[name])))
        case "tree":
            container[key] = draw(trees)
        case "away" if is_there:
            del container[key]
        case "secret" if is_there:
            container[key] = secret(container[key])
        case "twice" if isinstance(container, list):
            container.append(copy.deepcopy(container[key]))
        case _:
            container[key] = copy.deepcopy(draw(st.sampled_from(ODDITIES + HUGE)))
    return result


@st.composite
def tables(draw) -> dict[str, Any]:
    """Draw the inputs of a table: a right or nearly right one, with up to four places changed."""
    inputs = draw(st.sampled_from(BASES))
    for _ in range(draw(st.integers(0, 4))):
        inputs = draw(mutated(inputs, TABLE))
    return inputs


PATHS = [
    *IGNORED,
    *[f"globalSecondaryIndexes[{position}].{path}" for position in (0, 1) for path in IGNORED[:2]],
    *["*", "tags", "globalSecondaryIndexes", "globalSecondaryIndexes[*]", "", "Größe"],
]
ignoring = st.one_of(
    st.sampled_from([IGNORED, IGNORED[:2], PATHS[:2] + PATHS[4:6], []]),
    st.sampled_from([IGNORED, IGNORED[:2], PATHS[:2] + PATHS[4:6], []]),
    st.lists(st.sampled_from(PATHS), max_size=6),
    st.lists(st.sampled_from(PATHS), max_size=2).map(lambda more: IGNORED + more),
)


@share(1, of=1)
@given(tables(), st.booleans(), ignoring)
def test_of_a_table_exactly_the_policies_that_it_breaks_are_reported(running, inputs, protect, ignored):
    reported, must = judged(running, TABLE, inputs, protect=protect, ignored=ignored)

    assert reported == must


@share(1, of=2)
@given(
    st.sampled_from([TABLE, TABLE, INDEX, *OTHER_TYPES]),
    st.dictionaries(
        st.one_of(st.sampled_from(INNER[TABLE] + INNER[INDEX]), st.text(max_size=8)), st.one_of(trees, huge), max_size=6
    ),
    st.booleans(),
    st.lists(st.text(max_size=8), max_size=2),
)
def test_of_anything_at_all_exactly_the_policies_that_it_breaks_are_reported(running, type_, inputs, protect, ignored):
    reported, must = judged(running, type_, inputs, protect=protect, ignored=ignored)

    assert reported == must


# --- A stack ----------------------------------------------------------------------------------------------------------


def scaled(name: str, indexes: list[str], mark: str = "", most: float = 10.0) -> list[Registration]:
    """Return a provisioned table with all that scales it to 10 units, and its indexes to `most`.

    `mark` is put behind the logical names.
    """
    inputs = {
        "name": name,
        "billingMode": "PROVISIONED",
        "globalSecondaryIndexes": [{"name": index, "hashKey": "due"} for index in indexes],
    }
    resources = [registration(TABLE, name + mark, inputs)]
    for kind, id_ in [("table", f"table/{name}"), *[("index", f"table/{name}/index/{index}") for index in indexes]]:
        for access in ("Read", "Write"):
            ids = {
                "serviceNamespace": "dynamodb",
                "resourceId": id_,
                "scalableDimension": f"dynamodb:{kind}:{access}CapacityUnits",
            }
            target = ids | {"minCapacity": 1.0, "maxCapacity": 10.0 if kind == "table" else most}
            policy = ids | {
                "policyType": "TargetTrackingScaling",
                "targetTrackingScalingPolicyConfiguration": {
                    "targetValue": 70.0,
                    "predefinedMetricSpecification": {"predefinedMetricType": f"DynamoDB{access}CapacityUtilization"},
                },
            }
            scaler = f"{id_}-{access}{mark}"
            of_target = {key: [urn(TARGET, scaler)] for key in ids}
            resources += [
                registration(TARGET, scaler, target, dependencies={"resourceId": [urn(TABLE, name + mark)]}),
                registration(POLICY, scaler, policy, dependencies=of_target),
            ]
    return resources


ECS = {"serviceNamespace": "ecs", "resourceId": "service/cluster/web", "scalableDimension": "ecs:service:DesiredCount"}
OTHERS = [
    *[[], [], scaled("Users", ["due"]), scaled("Rental", [], "-again")],
    [registration(TABLE, "Logs", {"name": "Logs", "billingMode": "PAY_PER_REQUEST"}), *scaled("Logs", [])[1:]],
    *[[registration(TABLE, "Users", ON_DEMAND)], [registration(TARGET, "ecs", ECS), registration(POLICY, "ecs", ECS)]],
    [registration(TARGET, "ecs", ECS | {"serviceNamespace": UNKNOWN})],
]
# Indexes that are resources of their own, of tables in the stack and elsewhere.
INDEXES = [
    [
        registration(
            INDEX, name, {"tableName": table, "indexName": name}, dependencies={"tableName": [urn(TABLE, table)]}
        )
    ]
    for table, name in [("Rental", "third"), ("Rental", "due"), ("Elsewhere", "third")]
]


@st.composite
def less_certain(draw, resources: list[Registration]) -> list[Registration]:
    """Draw the same resources, some ids not known, and policies that may not take theirs from their target."""
    sources = draw(st.sampled_from([None, None, {"resourceId": [urn(TABLE, "Rental")]}, {}]))
    unknown = draw(st.sampled_from([[], [], ["resourceId"], ["resourceId", "scalableDimension"], ["tableName"]]))
    types = draw(st.sampled_from([[TARGET, INDEX], [POLICY, INDEX], [TARGET, POLICY]]))
    where = draw(st.sampled_from(["", "", "table/Rental-", "due", "Read"]))
    result = []
    for one in resources:
        is_less = one.type in types and where in one.name
        inputs = {key: UNKNOWN if is_less and key in unknown else value for key, value in one.inputs.items()}
        dependencies = one.property_dependencies if sources is None or one.type != POLICY else sources
        result.append(replace(one, inputs=inputs, property_dependencies=dependencies))
    return result


@st.composite
def stacks(draw) -> list[Registration]:
    """Draw a stack: of a right one, with ids that may be unknown, up to three resources changed, lost, doubled, moved."""
    indexes, most = (
        draw(st.sampled_from([[], ["due"], ["due", "other"]])),
        draw(st.sampled_from([10.0, 10.0, 9.0, 11.0])),
    )
    resources = scaled("Rental", indexes, most=most) + draw(st.sampled_from(OTHERS))
    resources += draw(st.sampled_from([[], [], *INDEXES]))
    resources = draw(less_certain(resources))
    for step in range(draw(st.integers(0, 3))):
        position = draw(st.integers(0, len(resources) - 1))
        resource = resources[position]
        match draw(st.sampled_from([*["change"] * 5, "lose", "double", "move", "detach", "attach"])):
            case "change":
                # Of a table what is there says all that matters.
                kind = "" if resource.type == TABLE else resource.type
                resources[position] = replace(resource, inputs=draw(mutated(resource.inputs, kind)))
            case "lose":
                del resources[position]
            case "double":
                name = f"{resource.name}-{step}"
                resources.append(replace(resource, name=name, urn=urn(resource.type, name)))
            case "move":
                resources.insert(0, resources.pop(position))
            case "detach":
                resources[position] = replace(resource, property_dependencies={})
            case "attach":
                more = [*resource.property_dependencies.get("resourceId", []), draw(st.sampled_from(resources)).urn]
                depends = resource.property_dependencies | {"resourceId": more}
                resources[position] = replace(resource, property_dependencies=depends)
    return resources


def judged_together(running, resources: list[Registration]):
    """Return what the pack reports of a stack, and what it must: the policy, its level and a URN, of each resource."""
    reported = running.analyze_stack(Plan(resources))
    must = stack_verdict([(one.type, one.urn, one.inputs, one.property_dependencies) for one in resources])
    return {(found.policy, found.level, found.urn) for found in reported}, {(AUTOSCALING, "mandatory", u) for u in must}


@share(2, of=5)
@given(stacks())
def test_of_a_stack_exactly_the_resources_that_break_autoscaling_are_reported(running, resources):
    reported, must = judged_together(running, resources)

    assert reported == must


def test_a_key_of_more_than_255_characters_is_reported(running):
    key = "n" * 256
    inputs = ON_DEMAND | {"hashKey": key, "attributes": [{"name": key, "type": "S"}]}
    reported, must = judged(running, TABLE, inputs, protect=True, ignored=[])

    assert reported == must


def test_a_path_that_is_no_capacity_is_reported_though_the_indexes_are_unknown(running):
    inputs = changed(COMPLIANT, {"globalSecondaryIndexes": UNKNOWN})
    ignored = [*IGNORED, "globalSecondaryIndexes.readCapacity"]
    reported, must = judged(running, TABLE, inputs, protect=True, ignored=ignored)

    assert reported == must


def test_an_index_of_a_table_elsewhere_may_have_a_name_that_is_unknown(running):
    own = registration(INDEX, "own", {"tableName": "Elsewhere", "indexName": UNKNOWN})
    reported, must = judged_together(running, [*scaled("Rental", []), own])

    assert reported == must
