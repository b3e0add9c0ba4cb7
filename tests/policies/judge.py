"""Judges resources by a policy as the SDK does: over its own proxies, from what comes over the wire."""

import copy
from typing import Any

from pulumi_policy import (
    PolicyCustomTimeouts,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    StackValidationArgs,
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
TABLE = "aws:dynamodb/table:Table"
UNKNOWN = UNKNOWN_STRING_VALUE
UNKNOWNS = [
    UNKNOWN,
    UNKNOWN_BOOLEAN_VALUE,
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_ARRAY_VALUE,
    UNKNOWN_OBJECT_VALUE,
]
HINT = (
    " is not known until deployment, so nothing shows that the rule holds: "
    "state it as a plain value, not as an output of another resource, or set allowUnknown for this policy"
)
IGNORED = [
    "readCapacity",
    "writeCapacity",
    "globalSecondaryIndexes[*].readCapacity",
    "globalSecondaryIndexes[*].writeCapacity",
]
ABSENT = object()

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


def secret(value: object) -> dict[str, object]:
    """Return a value as a secret on the wire."""
    return {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": value}


def changed(props: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return props with the value at each dotted path replaced, or taken away."""
    result = copy.deepcopy(props)
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


def proxied(props: dict[str, Any]) -> dict[str, Any]:
    """Return props as the SDK hands them to a policy."""
    return unknown_checking_proxy(deserialize_properties(copy.deepcopy(props)))


def options(*, protect: bool = True, ignore_changes: list[str] = IGNORED) -> PolicyResourceOptions:
    """Return the options of a resource as a policy sees them."""
    return PolicyResourceOptions(protect, ignore_changes, None, [], PolicyCustomTimeouts(0, 0, 0), [])


def violations(
    policy: str, props: dict[str, Any], config: dict[str, Any] | None = None, type_: str = TABLE, **opts: Any
) -> list[str]:
    """Return what a policy reports of one resource."""
    found = []
    args = ResourceValidationArgs(type_, proxied(props), "urn", "name", options(**opts), None, config)
    assert BY_NAME[policy].validate(args, lambda message, _: found.append(message)) is None
    return found


def stack_violations(
    policy: str,
    resources: list[tuple[str, str, dict[str, Any], dict[str, list[str]]]],
    config: dict[str, Any] | None = None,
) -> list[tuple[str, str]]:
    """Return what a stack policy reports; a resource is (type, name, props, {property: names it depends on})."""
    made = {
        (type_, name): PolicyResource(type_, proxied(props), f"{type_}::{name}", name, options(), None, None, [], {})
        for type_, name, props, _ in resources
    }
    by_urn = {resource.urn: resource for resource in made.values()}
    for type_, name, _, dependencies in resources:
        made[type_, name].property_dependencies = {
            key: [by_urn[urn] for urn in urns if urn in by_urn] for key, urns in dependencies.items()
        }
    found = []
    BY_NAME[policy].validate(
        StackValidationArgs(list(made.values()), config), lambda message, urn: found.append((urn, message))
    )
    return found
