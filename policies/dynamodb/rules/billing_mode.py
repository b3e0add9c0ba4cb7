"""Fails where billingMode is missing or unknown to DynamoDB, or PROVISIONED on a table that is not listed.

Also where a listed PROVISIONED table, or an index of it, lacks a read or a write capacity of at least 1; and where a
PAY_PER_REQUEST one has any. An index that is a resource of its own is judged with its table, and must have both
capacities or neither.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from dynamodb.policy import Findings, Inputs, Options, Unknown, is_exempt, matches, policy, tables_option
from dynamodb.stack import GLOBAL_SECONDARY_INDEX, TABLE, Stack, StackResource
from dynamodb.values import UNKNOWN, describe, entries, get, integer, join

_THROUGHPUT = "provisionedThroughput"
_UNITS = (f"{_THROUGHPUT}.readCapacityUnits", f"{_THROUGHPUT}.writeCapacityUnits")


def _check(table: Inputs, options: Options) -> Findings:
    mode, name = get(table, "billingMode"), get(table, "name")
    if mode is UNKNOWN:
        yield Unknown("billingMode")
    elif mode == "PAY_PER_REQUEST":
        yield from _check_on_demand(table)
    elif mode != "PROVISIONED":
        yield f"billingMode is {describe(mode)}, but must be PAY_PER_REQUEST or PROVISIONED"
    elif not matches(name, options["provisionedTables"]):
        table_name = "the table" if name is UNKNOWN or name is None else describe(name)
        yield f"{table_name} is PROVISIONED: set billingMode to PAY_PER_REQUEST, or add it to provisionedTables"
    else:
        yield from _lacking((path, get(item, key)) for path, item, key in _capacities(table))


def _check_on_demand(table: Mapping[str, Any]) -> Findings:
    # An index that is not known is a matter of the schema.
    found = [(path, get(item, key)) for path, item, key in _capacities(table) if item is not UNKNOWN]
    for path, units in found:
        if units is UNKNOWN:
            yield Unknown(path)
    if stated := [path for path, units in found if units is not None and units is not UNKNOWN]:
        yield f"the table is PAY_PER_REQUEST but has a capacity: remove {', '.join(dict.fromkeys(stated))}"


def _lacking(found: Iterator[tuple[str, Any]]) -> Findings:
    lacking = {}
    for path, units in found:
        if units is UNKNOWN:
            yield Unknown(path)
        elif (integer(units) or 0) < 1:
            lacking[path] = describe(units)
    if lacking:
        stated = ", ".join(f"{path} is {units}" for path, units in lacking.items())
        yield f"{stated}, but a PROVISIONED table and each of its indexes need 1 or more capacity units"


def _capacities(table: Mapping[str, Any]) -> Iterator[tuple[str, object, str]]:
    """Yield of each capacity of the table and its indexes the path, what it is in, and its key there."""
    for path, item in (("", table), *entries(table, "globalSecondaryIndexes")):
        # An index of the wrong type is a matter of the schema.
        if isinstance(item, Mapping) or item is UNKNOWN:
            yield from ((join(path, key, item), item, key) for key in ("readCapacity", "writeCapacity"))


def _check_index(index: Inputs, _: Options) -> Findings:
    if _has_throughput(index):
        yield from _lacking((path, get(index, path)) for path in _UNITS)


def _has_throughput(index: Mapping[str, Any]) -> bool:
    # Once it is deployed, an index that has none may show both as 0.
    return any(get(index, path) is not None for path in _UNITS)


def _check_stack(stack: Stack, options: Options) -> Iterator[tuple[StackResource, str | Unknown]]:
    for table in stack.tables:
        for index in table.indexes if not is_exempt(table.name, options) else ():
            has_throughput = _has_throughput(index.props)
            if table.billing_mode == "PAY_PER_REQUEST" and has_throughput:
                yield index, f"{table.label} is PAY_PER_REQUEST: remove {_THROUGHPUT}"
            elif table.billing_mode == "PROVISIONED" and not has_throughput:
                yield index, f"{table.label} is PROVISIONED: set {_UNITS[0]} and {_UNITS[1]}"


POLICY = policy(
    "dynamodb-billing-mode",
    checks={TABLE: _check, GLOBAL_SECONDARY_INDEX: _check_index},
    check_stack=_check_stack,
    options={"provisionedTables": tables_option("Tables that may be PROVISIONED")},
    description="DynamoDB tables should be billed on demand, unless listed, with capacities that agree with the mode.",
    severity=Severity.MEDIUM,
    remediation_steps="Set billing_mode='PAY_PER_REQUEST' without capacities; or list the table in provisionedTables, "
    "and give it and each of its indexes a read_capacity and a write_capacity.",
    url="https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/capacity-mode.html",
)
