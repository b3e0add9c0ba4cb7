"""The billingMode must be PAY_PER_REQUEST, or PROVISIONED if the table is listed in `provisionedTables`.

A PROVISIONED table and each of its indexes need read and write capacities of at least 1. A PAY_PER_REQUEST table and
its indexes must have none. An index that is a separate resource must have both capacities or neither, as its table has.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from dynamodb.policy import Findings, Inputs, Options, StackFindings, Unknown, is_exempt, matches, policy, tables_option
from dynamodb.stack import GLOBAL_SECONDARY_INDEX, TABLE, Stack
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
    # The schema policy reports an index that is not known.
    capacities = [(path, get(item, key)) for path, item, key in _capacities(table) if item is not UNKNOWN]
    for path, units in capacities:
        if units is UNKNOWN:
            yield Unknown(path)
    if stated := [path for path, units in capacities if units is not None and units is not UNKNOWN]:
        yield f"the table is PAY_PER_REQUEST but has a capacity: remove {', '.join(dict.fromkeys(stated))}"


def _lacking(capacities: Iterator[tuple[str, Any]]) -> Findings:
    lacking = {}
    for path, units in capacities:
        if units is UNKNOWN:
            yield Unknown(path)
        elif (integer(units) or 0) < 1:
            lacking[path] = describe(units)
    if lacking:
        stated = ", ".join(f"{path} is {units}" for path, units in lacking.items())
        yield f"{stated}, but a PROVISIONED table and each of its indexes need 1 or more capacity units"


def _capacities(table: Mapping[str, Any]) -> Iterator[tuple[str, object, str]]:
    """Yield the path of each capacity of the table and its indexes, the table or index, and the capacity's key."""
    for path, item in (("", table), *entries(table, "globalSecondaryIndexes")):
        # The schema policy reports an index of the wrong type.
        if isinstance(item, Mapping) or item is UNKNOWN:
            yield from ((join(path, key, item), item, key) for key in ("readCapacity", "writeCapacity"))


def _check_index(index: Inputs, _: Options) -> Findings:
    if _has_throughput(index):
        yield from _lacking((path, get(index, path)) for path in _UNITS)


def _has_throughput(index: Mapping[str, Any]) -> bool:
    # A deployed index without capacities may have both as 0, which `get` returns as None.
    return any(get(index, path) is not None for path in _UNITS)


def _check_stack(stack: Stack, options: Options) -> StackFindings:
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
    description="DynamoDB tables should be billed on demand unless they are listed, and have capacities that fit the "
    "billing mode.",
    severity=Severity.MEDIUM,
    remediation_steps="Set billing_mode='PAY_PER_REQUEST' without capacities. Or list the table in provisionedTables, "
    "and give it and each of its indexes a read_capacity and a write_capacity.",
    url="https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/capacity-mode.html",
)
