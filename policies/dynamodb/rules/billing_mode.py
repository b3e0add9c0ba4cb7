"""Fails where billingMode is absent or unheard of, or PROVISIONED on a table that is not listed.

Also where a PROVISIONED table, or an index of it, lacks a read or a write capacity of at least 1; and where a
PAY_PER_REQUEST one has any.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import PolicyResourceOptions, ResourceValidationPolicy, Severity

from dynamodb.policy import (
    GLOBAL_SECONDARY_INDEX,
    Findings,
    Options,
    Unknown,
    config_schema,
    expect,
    fsbp,
    matches,
    validation,
)
from dynamodb.values import Odd, entries, get, show, whole

_ENOUGH = "1 or more capacity units"
_SCHEMA = {
    "provisionedTables": {
        "type": "array",
        "items": {"type": "string"},
        "default": ["RentalInvoices", "RentalInvoices-*"],
        "description": "Tables that may be PROVISIONED: names, or glob patterns of whole names.",
    },
}


def _check(table: Mapping[str, Any], options: Options, _: PolicyResourceOptions) -> Findings:
    mode = get(table, "billingMode")
    if mode == "PROVISIONED":
        yield from _check_provisioned(table, options)
    elif mode == "PAY_PER_REQUEST":
        for path, item, key in _capacities(table):
            yield from expect(item, key, lambda units: units is None, "absent on a PAY_PER_REQUEST table", path)
    elif mode is Odd.UNKNOWN:
        yield Unknown("billingMode")
        for path, item, key in _capacities(table):
            yield from expect(item, key, lambda units: units is None or _is_enough(units), f"absent or {_ENOUGH}", path)
    else:
        yield f"billingMode is {show(mode)}, but must be PAY_PER_REQUEST or PROVISIONED"


def _check_index(index: Mapping[str, Any], _: Options, _opts: PolicyResourceOptions) -> Findings:
    """Judge an index that is a resource of its own; whether it may have a capacity, only its table tells."""
    if get(index, "provisionedThroughput") is not None:
        for key in ("readCapacityUnits", "writeCapacityUnits"):
            yield from expect(index, f"provisionedThroughput.{key}", _is_enough, _ENOUGH)


def _check_provisioned(table: Mapping[str, Any], options: Options) -> Findings:
    name, allowed = get(table, "name"), options["provisionedTables"]
    if name is Odd.UNKNOWN:
        yield Unknown("name")
    elif not matches(name, allowed):
        yield f"{show(name)} is PROVISIONED, but only {', '.join(map(str, allowed)) or 'no table'} may be"
    for path, item, key in _capacities(table):
        yield from expect(item, key, _is_enough, _ENOUGH, path)


def _capacities(table: Mapping[str, Any]) -> Iterator[tuple[str, object, str]]:
    for path, item in (("", table), *entries(table, "globalSecondaryIndexes")):
        for key in ("readCapacity", "writeCapacity"):
            yield path, item, key


def _is_enough(units: object) -> bool:
    return (whole(units) or 0) >= 1


POLICY = ResourceValidationPolicy(
    name="dynamodb-billing-mode",
    description="DynamoDB tables should be billed on demand, unless listed, with capacities that agree with the mode.",
    severity=Severity.MEDIUM,
    framework=fsbp(),
    config_schema=config_schema(_SCHEMA),
    validate=[validation(_check, _SCHEMA), validation(_check_index, _SCHEMA, GLOBAL_SECONDARY_INDEX)],
    remediation_steps="Set billing_mode='PAY_PER_REQUEST' without capacities; or list the table in provisionedTables, "
    "and give it and each of its indexes a read_capacity and a write_capacity.",
    url="https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/capacity-mode.html",
)
