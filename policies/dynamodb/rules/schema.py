"""Fails where a name is illegal, or attributes declares other than exactly the keys of the table and its indexes.

Also where a table or an index has one attribute as two of its keys or a key of over 255 characters, an index states its
keys two ways or has no partition key, a local secondary index is on a table without a sort key, two indexes have one
name, there are more than 20 global or 5 local secondary indexes, an attribute's type is other than S, N, B, or a stream
has no view type or a view type no stream.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import PolicyResourceOptions, ResourceValidationPolicy, Severity

from dynamodb.policy import Findings, Options, Unknown, config_schema, expect, fsbp, join, validation
from dynamodb.values import Odd, entries, get, show

# DynamoDB API reference: TableName and IndexName, AttributeDefinition, StreamSpecification; service quotas of indexes.
_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}")
_NAME_RULE = "3 to 255 characters of a-zA-Z0-9_.-"
_ATTRIBUTE_TYPES = ("S", "N", "B")
_KEY_TYPES = ("HASH", "RANGE")
_MOST_KEYS = 4
_LONGEST_KEY = 255
_VIEW_TYPES = ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")
_MOST = {"globalSecondaryIndexes": 20, "localSecondaryIndexes": 5}


def _check(table: Mapping[str, Any], _: Options, _opts: PolicyResourceOptions) -> Findings:
    yield from expect(table, "name", _is_name, _NAME_RULE)
    yield from _check_keys(table)
    yield from _check_indexes(table)
    yield from _check_key_schemas(table)
    yield from _check_stream(table)


def _check_keys(table: Mapping[str, Any]) -> Findings:
    declared: list[tuple[str, Any]] = []
    for path, attribute in entries(table, "attributes"):
        yield from expect(attribute, "type", lambda type_: type_ in _ATTRIBUTE_TYPES, "S, N or B", path)
        declared.append((join(path, "name", attribute), get(attribute, "name")))
    keys = list(_keys(table))
    for path, name in declared + keys:
        if name is Odd.UNKNOWN:
            yield Unknown(path)
        elif not isinstance(name, str):
            yield f"{path} is {show(name)}, but must be the name of an attribute"
        elif len(name) > _LONGEST_KEY:
            yield f"{path} has {len(name)} characters, but the name of an attribute may have {_LONGEST_KEY}"
    yield from _compare(declared, keys)


def _compare(declared: list[tuple[str, Any]], keys: list[tuple[str, Any]]) -> Findings:
    for name, times in Counter(_known(declared)).items():
        if times > 1:
            yield f"attributes declares {name!r} {times} times"
    # One list speaks against the other only where that is known whole.
    if all(name is not Odd.UNKNOWN for _, name in declared):
        for name in sorted(set(_known(keys)) - set(_known(declared))):
            yield f"{name!r} is a key, but attributes doesn't declare it"
    if all(name is not Odd.UNKNOWN for _, name in keys):
        for name in sorted(set(_known(declared)) - set(_known(keys))):
            yield f"attributes declares {name!r}, which is no key of the table or of an index"


def _known(found: list[tuple[str, Any]]) -> list[str]:
    return [name for _, name in found if isinstance(name, str)]


def _keys(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield path and name of every key attribute; a partition key also where it is absent, as it must not be."""
    yield "hashKey", get(table, "hashKey")
    for path, index in entries(table, "globalSecondaryIndexes"):
        schema = list(entries(index, "keySchemas"))
        yield from ((join(f"{path}.{at}", "attributeName", key), get(key, "attributeName")) for at, key in schema)
        if not schema or get(index, "hashKey") is not None:
            yield join(path, "hashKey", index), get(index, "hashKey")
    for path, index in (("", table), *entries(table, "globalSecondaryIndexes")):
        if get(index, "rangeKey") is not None:
            yield join(path, "rangeKey", index), get(index, "rangeKey")
    for path, index in entries(table, "localSecondaryIndexes"):
        yield join(path, "rangeKey", index), get(index, "rangeKey")


def _check_indexes(table: Mapping[str, Any]) -> Findings:
    names = []
    for kind, most in _MOST.items():
        found = list(entries(table, kind))
        if len(found) > most:
            yield f"{kind} has {len(found)} indexes, but a table may have {most}"
        for path, index in found:
            yield from expect(index, "name", _is_name, _NAME_RULE, path)
            names.append(get(index, "name"))
    for name, times in Counter(name for name in names if isinstance(name, str)).items():
        if times > 1:
            yield f"{times} indexes have the name {name!r}"


def _check_key_schemas(table: Mapping[str, Any]) -> Findings:
    yield from _check_distinct("", [get(table, "hashKey"), get(table, "rangeKey")])
    for path, index in entries(table, "globalSecondaryIndexes"):
        schema = list(entries(index, "keySchemas"))
        stated = [get(index, "hashKey"), get(index, "rangeKey")]
        if schema and stated != [None, None]:
            yield f"{path} has keySchemas, and hashKey or rangeKey; state its keys one way"
        yield from _check_distinct(path, stated + [get(key, "attributeName") for _, key in schema])
        for at, key in schema:
            yield from expect(key, "keyType", lambda type_: type_ in _KEY_TYPES, "HASH or RANGE", f"{path}.{at}")
        types = [get(key, "keyType") for _, key in schema]
        if schema and "HASH" not in types and Odd.UNKNOWN not in types:
            yield f"{path}.keySchemas has no partition key, which is of keyType HASH"
        for type_ in _KEY_TYPES:
            if types.count(type_) > _MOST_KEYS:
                yield f"{path}.keySchemas has {types.count(type_)} keys of keyType {type_}, but may have {_MOST_KEYS}"
    for path, index in entries(table, "localSecondaryIndexes"):
        if get(table, "rangeKey") is None:
            yield f"{path} is a local secondary index, but the table has no rangeKey"
        yield from _check_distinct(path, [get(table, "hashKey"), get(index, "rangeKey")])


def _check_distinct(path: str, names: list[Any]) -> Findings:
    for name, times in Counter(name for name in names if isinstance(name, str)).items():
        if times > 1:
            yield f"{path or 'the table'} has {name!r} as {times} of its keys"


def _check_stream(table: Mapping[str, Any]) -> Findings:
    yield from expect(table, "streamEnabled", lambda value: value is None or isinstance(value, bool), "true or false")
    enabled, view_type = get(table, "streamEnabled"), get(table, "streamViewType")
    if view_type is not None or enabled is True:
        rule = f"one of {', '.join(_VIEW_TYPES)}"
        yield from expect(table, "streamViewType", lambda value: value in _VIEW_TYPES, rule)
    if view_type not in (None, Odd.UNKNOWN) and not enabled:
        yield f"streamViewType is {show(view_type)}, but streamEnabled is {show(enabled)}"


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(_NAME.fullmatch(value))


POLICY = ResourceValidationPolicy(
    name="dynamodb-table-schema",
    description="DynamoDB tables should have a schema that DynamoDB accepts, and declare no attribute that is no key.",
    severity=Severity.HIGH,
    framework=fsbp(),
    config_schema=config_schema({}),
    validate=validation(_check, {}),
    remediation_steps="Mend what is named; declare in attributes exactly the keys of the table and of its indexes.",
    url="https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html",
)
