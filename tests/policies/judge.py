"""Judges a program's resources by one policy as the SDK does: over its proxies, first each, then the stack's preview."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from pulumi_policy import (
    Policy,
    PolicyCustomTimeouts,
    PolicyProviderResource,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.deserialize import deserialize_properties
from pulumi_policy.proxy import (
    UNKNOWN_ARRAY_VALUE,
    UNKNOWN_BOOLEAN_VALUE,
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_OBJECT_VALUE,
    UNKNOWN_STRING_VALUE,
    unknown_checking_proxy,
)

from dynamodb.rules import RULES

BY_NAME: dict[str, Any] = {rule.POLICY.name: rule.POLICY for rule in RULES}
TABLE, TABLE_REPLICA = "aws:dynamodb/table:Table", "aws:dynamodb/tableReplica:TableReplica"
INDEX = "aws:dynamodb/globalSecondaryIndex:GlobalSecondaryIndex"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
TARGET, POLICY = "aws:appautoscaling/target:Target", "aws:appautoscaling/policy:Policy"
BUCKET, KEY, PET = "aws:s3/bucket:Bucket", "aws:kms/key:Key", "random:index/randomPet:RandomPet"
UNKNOWN = UNKNOWN_STRING_VALUE
UNKNOWNS = [
    UNKNOWN,
    UNKNOWN_BOOLEAN_VALUE,
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_ARRAY_VALUE,
    UNKNOWN_OBJECT_VALUE,
]
IGNORED = [
    "readCapacity",
    "writeCapacity",
    "globalSecondaryIndexes[*].readCapacity",
    "globalSecondaryIndexes[*].writeCapacity",
]
ABSENT = object()
ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/RentalInvoices"
TABLE_ID, INDEX_ID = "table/RentalInvoices", "table/RentalInvoices/index/due-index"

# A table that no policy has anything against; numbers are double on the wire.
COMPLIANT: dict[str, Any] = {
    "name": "RentalInvoices",
    "billingMode": "PROVISIONED",
    "hashKey": "UserID",
    "rangeKey": "InvoiceID",
    "attributes": [{"name": name, "type": "S"} for name in ("UserID", "InvoiceID", "due")],
    "readCapacity": 5.0,
    "writeCapacity": 5.0,
    "globalSecondaryIndexes": [
        {"name": "due-index", "hashKey": "due", "projectionType": "ALL", "readCapacity": 1.0, "writeCapacity": 1.0}
    ],
    "streamEnabled": True,
    "streamViewType": "NEW_AND_OLD_IMAGES",
    "serverSideEncryption": {"enabled": True},
    "pointInTimeRecovery": {"enabled": True, "recoveryPeriodInDays": 35.0},
    "deletionProtectionEnabled": True,
    "tags": {"Environment": "production"},
}
ON_DEMAND: dict[str, Any] = {
    "name": "Users",
    "billingMode": "PAY_PER_REQUEST",
    "hashKey": "UserID",
    "attributes": [{"name": "UserID", "type": "S"}],
    "serverSideEncryption": {"enabled": True},
    "pointInTimeRecovery": {"enabled": True},
    "deletionProtectionEnabled": True,
    "tags": {"Environment": "production"},
}
# What the option tables of the contract says of these two.
CONTRACT: dict[str, Any] = {
    "RentalInvoices": {
        "partitionKey": "UserID",
        "sortKey": "InvoiceID",
        "attributes": {"UserID": "S", "InvoiceID": "S", "due": "S"},
        "globalSecondaryIndexes": [{"name": "due-index", "partitionKey": "due", "projection": "ALL"}],
        "streamViewType": "NEW_AND_OLD_IMAGES",
    },
    "Users": {"partitionKey": "UserID", "attributes": {"UserID": "S"}},
}
# What a preview shows as unknown unless the program sets it: of a resource, and of each object or element in it.
_COMPUTED = {
    TABLE: "arn id attributes hashKey streamArn streamLabel streamViewType globalSecondaryIndexes globalTableWitness "
    "pointInTimeRecovery serverSideEncryption ttl warmThroughput",
    TABLE_REPLICA: "arn id deletionProtectionEnabled kmsKeyArn",
    INDEX: "arn id provisionedThroughput warmThroughput",
    TARGET: "arn id roleArn suspendedState",
    POLICY: "arn id alarmArns",
    ALARM: "arn id evaluateLowSampleCountPercentiles",
}
_COMPUTED_WITHIN = {
    "globalSecondaryIndexes": "hashKey keySchemas readCapacity writeCapacity warmThroughput",
    "pointInTimeRecovery": "recoveryPeriodInDays",
    "replicas": "arn deletionProtectionEnabled kmsKeyArn streamArn streamLabel",
    "serverSideEncryption": "kmsKeyArn",
}


@dataclass(frozen=True)
class Case:
    """A row of a table of cases: what is changed of a compliant resource, and each message that is reported then.

    `ignored` are the table's ignoreChanges, where a test is of them.
    """

    id: str
    change: Mapping[Any, Any]
    reported: list[Any]
    config: Mapping[str, Any] = field(default_factory=dict)
    ignored: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource that a program registers; in a test its name is unique.

    `sources` maps a property to the names of the resources that its value is from; one that is not known and not in
    there is from some other resource. `outputs` are those that are not its inputs, `region` its provider's.
    """

    type: str = TABLE
    name: str = "table"
    inputs: dict[str, Any] = field(default_factory=lambda: COMPLIANT)
    sources: dict[str, list[str]] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    region: Any = "eu-west-1"
    protect: bool = True
    ignore_changes: list[str] = field(default_factory=lambda: IGNORED)


def passes(case: str, change: Mapping[Any, Any] | None = None, **more: Any) -> Case:
    """Return a case in which nothing is reported."""
    return Case(case, change or {}, [], **more)


def fails(case: str, change: Mapping[Any, Any], *reported: Any, **more: Any) -> Case:
    """Return a case in which exactly this is reported."""
    return Case(case, change, list(reported), **more)


def cases(*rows: Case) -> pytest.MarkDecorator:
    """Run a test with each row as `case`."""
    return pytest.mark.parametrize("case", rows, ids=[row.id for row in rows])


def not_known(*paths: str) -> str:
    """Return what is reported of values that are not known until deployment."""
    return (
        f"{', '.join(paths)}: not known until deployment, so the rule can't be checked. "
        "Use a plain value instead of an output of another resource, or set allowUnknown for this policy"
    )


def secret(value: object) -> dict[str, object]:
    """Return a value as a secret on the wire."""
    return {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": value}


def changed(props: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return props with the value at each dotted path replaced, or taken away."""
    result = copy.deepcopy(dict(props))
    for path, value in changes.items():
        *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        target: Any = result
        for key in parents:
            target = target[key]
        if value is ABSENT:
            del target[last]
        else:
            target[last] = value
    return result


def target(resource_id: str, dimension: str, **inputs: Any) -> dict[str, Any]:
    """Return the inputs of a scalable target."""
    return {
        "serviceNamespace": "dynamodb",
        "resourceId": resource_id,
        "scalableDimension": dimension,
        "minCapacity": 1.0,
        "maxCapacity": 10.0,
    } | inputs


def scaling_policy(resource_id: str, dimension: str, **inputs: Any) -> dict[str, Any]:
    """Return the inputs of a scaling policy."""
    metric = f"DynamoDB{'Read' if 'Read' in dimension else 'Write'}CapacityUtilization"
    return {
        "policyType": "TargetTrackingScaling",
        "serviceNamespace": "dynamodb",
        "resourceId": resource_id,
        "scalableDimension": dimension,
        "targetTrackingScalingPolicyConfiguration": {
            "predefinedMetricSpecification": {"predefinedMetricType": metric},
            "targetValue": 70.0,
        },
    } | inputs


def alarm(table_name: str, access: str, **inputs: Any) -> dict[str, Any]:
    """Return the inputs of a metric alarm on the throttled accesses of a table."""
    metric = {"namespace": "AWS/DynamoDB", "metricName": f"{access}ThrottleEvents"}
    return metric | {"dimensions": {"TableName": table_name}, "threshold": 0.0} | inputs


def scaled(change: Mapping[str, Any] | None = None, *more: Resource) -> list[Resource]:
    """Return a compliant program: the tables "rental" and "users", and what scales the first of them and its index.

    That are "table-read", "index-write" and so on, and "table-read-policy". Both tables have alarms: "rental-reads",
    "users-writes" and so on. `change` maps names to changed inputs, or
    to ABSENT.
    """
    made = [Resource(name="rental"), Resource(name="users", inputs=ON_DEMAND)]
    for kind, resource_id in (("table", TABLE_ID), ("index", INDEX_ID)):
        for access in ("Read", "Write"):
            name, ids = f"{kind}-{access.lower()}", (resource_id, f"dynamodb:{kind}:{access}CapacityUnits")
            made.append(Resource(type=TARGET, name=name, inputs=target(*ids), sources={"resourceId": ["rental"]}))
            sources = {"resourceId": [name], "scalableDimension": [name]}
            made.append(Resource(type=POLICY, name=f"{name}-policy", inputs=scaling_policy(*ids), sources=sources))
    for name, inputs in (("rental", COMPLIANT), ("users", ON_DEMAND)):
        for access in ("Read", "Write"):
            of_table = alarm(inputs["name"], access)
            made.append(
                Resource(type=ALARM, name=f"{name}-{access.lower()}s", inputs=of_table, sources={"dimensions": [name]})
            )
    changes = change or {}
    return [
        replace(resource, inputs=changed(resource.inputs, changes.get(resource.name, {})))
        for resource in made
        if changes.get(resource.name) is not ABSENT
    ] + list(more)


def judge(policy: str | Policy, *resources: Resource, config: Mapping[str, Any] | None = None) -> list[tuple[str, str]]:
    """Return what a policy reports of a program, at a preview: the names of resources, and messages."""
    judging, found = BY_NAME[policy] if isinstance(policy, str) else policy, []
    if isinstance(judging, ResourceValidationPolicy):
        for resource in resources:
            args = ResourceValidationArgs(
                resource.type, proxied(resource.inputs), resource.name, resource.name, options(resource), None, config
            )
            assert judging.validate(args, lambda message, _, name=resource.name: found.append((name, message))) is None
    if isinstance(judging, StackValidationPolicy):
        args = StackValidationArgs(registered(*resources), config)
        judging.validate(args, lambda message, urn: found.append((urn, message)))
    return found


def violations(
    policy: str | Policy, inputs: Mapping[str, Any], config: Mapping[str, Any] | None = None, **resource: Any
) -> list[str]:
    """Return what a policy reports of a program with one resource, by default a table."""
    return [message for _, message in judge(policy, Resource(inputs=dict(inputs), **resource), config=config)]


def proxied(props: dict[str, Any]) -> dict[str, Any]:
    """Return props as the SDK hands them to a policy."""
    return unknown_checking_proxy(deserialize_properties(copy.deepcopy(props)))


def options(resource: Resource) -> PolicyResourceOptions:
    """Return the options of a resource as a policy sees them."""
    timeouts = PolicyCustomTimeouts(0, 0, 0)
    return PolicyResourceOptions(resource.protect, resource.ignore_changes, None, [], timeouts, [])


def registered(*resources: Resource) -> list[PolicyResource]:
    """Return resources as a policy sees those of a stack at a preview: with their outputs."""
    elsewhere = PolicyResource(PET, {}, "elsewhere", "elsewhere", options(Resource()), None, None, [], {})
    found = {"elsewhere": elsewhere}
    for resource in resources:
        provider = PolicyProviderResource("pulumi:providers:aws", proxied({"region": resource.region}), "", "default")
        props, opts = proxied(_previewed(resource)), options(resource)
        found[resource.name] = PolicyResource(
            resource.type, props, resource.name, resource.name, opts, provider, None, [], {}
        )
    assert len(found) == 1 + len(resources), "each resource has a name of its own"
    for resource in resources:
        unknown = {key: ["elsewhere"] for key, value in resource.inputs.items() if _has_unknown(value)}
        found[resource.name].property_dependencies = {
            key: [found[name] for name in names if name in found] for key, names in (unknown | resource.sources).items()
        }
    return list(found.values())


def _previewed(resource: Resource) -> dict[str, Any]:
    outputs = copy.deepcopy(resource.inputs)
    for key, computed in _COMPUTED_WITHIN.items():
        value = outputs.get(key)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                item.update({name: UNKNOWN for name in computed.split() if name not in item})
    unset = [key for key in _COMPUTED.get(resource.type, "").split() if outputs.get(key) in (None, "", [])]
    return outputs | dict.fromkeys(unset, UNKNOWN) | resource.outputs


def _has_unknown(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_unknown, value.values()))
    return any(map(_has_unknown, value)) if isinstance(value, list) else isinstance(value, str) and value in UNKNOWNS
