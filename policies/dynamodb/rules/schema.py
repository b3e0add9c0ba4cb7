"""A table and its indexes must be what DynamoDB and the provider accept.

- Names have 3 to 255 characters of a-zA-Z0-9_.-, and the indexes of a table have different names.
- A table and each index have a partition key. A key has at most 255 characters, the type S, N or B, and is not used
  twice in a table or index. `attributes` declares each key once, and nothing else.
- An index has either keySchemas, or hashKey and rangeKey. keySchemas lists 1 to 4 partition keys (HASH), then up to 4
  sort keys (RANGE).
- A table has at most 20 global and 5 local secondary indexes. Local ones need a table with a sort key. All global ones
  are declared inline, or all as aws.dynamodb.GlobalSecondaryIndex: if they are mixed, an `up` deletes the latter.
- projectionType is ALL, KEYS_ONLY or INCLUDE. INCLUDE needs nonKeyAttributes, and the others have none. There are at
  most 20 nonKeyAttributes in an index, and 100 in a table.
- Warm throughput is at least 12000 reads and 4000 writes per second. A PROVISIONED table has no on-demand limits.
- A stream has a view type, and a view type needs a stream. A table with replicas needs a stream of NEW_AND_OLD_IMAGES,
  unless all replicas are strongly consistent. A witness needs exactly one replica. Time to live needs an attribute.

A table that is restored from another table or a backup may leave out its keys and attributes. A value that is not known
until deployment is a violation only in attributes, keys, indexes and streams.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from dynamodb.policy import Findings, Inputs, Options, StackFindings, Unknown, expect, is_exempt, policy
from dynamodb.stack import GLOBAL_SECONDARY_INDEX, TABLE, Stack, StackTable
from dynamodb.values import UNKNOWN, describe, entries, get, integer, join

# DynamoDB API reference: TableName and IndexName, AttributeDefinition, KeySchemaElement, Projection, WarmThroughput,
# StreamSpecification; service quotas of indexes.
_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}")
_NAME_RULE = "3 to 255 characters of a-zA-Z0-9_.-"
_ATTRIBUTE_TYPES = ("S", "N", "B")
_KEY_TYPES = ("HASH", "RANGE")
_MOST_KEYS = 4
_LONGEST_KEY = 255
_PROJECTIONS = ("ALL", "KEYS_ONLY", "INCLUDE")
_MOST_PROJECTED, _MOST_PROJECTED_IN_ALL = 20, 100
_VIEW_TYPES = ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")
_GLOBAL, _LOCAL = "globalSecondaryIndexes", "localSecondaryIndexes"
_MOST = {_GLOBAL: 20, _LOCAL: 5}
_WARM = {"readUnitsPerSecond": 12_000, "writeUnitsPerSecond": 4_000}
_ON_DEMAND = "onDemandThroughput"
_RESTORED_FROM = ("restoreSourceName", "restoreSourceTableArn", "restoreBackupArn")

# The path of each key attribute, and its name.
Keys = list[tuple[str, Any]]


def _check_table(table: Inputs, _: Options) -> Findings:
    for key in ("attributes", _GLOBAL, _LOCAL, "replicas"):
        yield from _check_objects(table, key)
    yield from _check_name(table, "name")
    yield from _check_keys(table)
    yield from _check_indexes(table)
    for path, item in (("", table), *_objects(table, _GLOBAL)):
        yield from _check_warm_throughput(item, path)
    if get(table, "billingMode") == "PROVISIONED":
        items = (("", table), *_objects(table, _GLOBAL))
        limited = [path for path, item in items if item is not UNKNOWN and get(item, _ON_DEMAND) is not None]
        if limited:
            paths = ", ".join(f"{path}.{_ON_DEMAND}".lstrip(".") for path in limited)
            yield f"a PROVISIONED table has no on-demand limits: remove {paths}"
    yield from _check_stream(table)
    yield from _check_replicas(table)
    if get(table, "ttl.enabled") is True and get(table, "ttl.attributeName") is None:
        yield "ttl is enabled, but ttl.attributeName is missing"


def _check_index(index: Inputs, _: Options) -> Findings:
    """Check an index that is a separate resource."""
    yield from _check_name(index, "indexName")
    yield from _check_objects(index, "keySchemas")
    keys = [(join(at, "attributeName", key), get(key, "attributeName")) for at, key in _objects(index, "keySchemas")]
    yield from _check_attribute_names(keys)
    for path, key in _objects(index, "keySchemas"):
        yield from _check_type(key, "attributeType", path)
    yield from _check_distinct("the index", [name for _, name in keys])
    yield from _check_key_schema(index, "")
    if get(index, "keySchemas") is None:
        yield "keySchemas is missing, but must have a partition key"
    yield from _check_projection(get(index, "projection") or {}, "projection")
    yield from _check_warm_throughput(index, "")


def _check_stack(stack: Stack, options: Options) -> StackFindings:
    """Check tables together with the indexes and replicas that are separate resources."""
    for table in stack.tables:
        if not is_exempt(table.name, options):
            yield from ((table.resource, finding) for finding in _check_joined(table))
            for index in table.indexes if table.billing_mode == "PROVISIONED" else ():
                if get(index.props, _ON_DEMAND) is not None:
                    yield index, f"{table.label} is PROVISIONED: remove {_ON_DEMAND}"


def _check_joined(table: StackTable) -> Findings:
    props = table.resource.props
    keys, declared = list(_keys(props)), _names(props, "attributes")
    if table.indexes and table.inline_indexes:
        yield (
            "the table has both inline globalSecondaryIndexes and an aws.dynamodb.GlobalSecondaryIndex "
            f"({table.indexes[0].name}), which the next deployment would delete: declare all indexes the same way"
        )
    if len(table.indexes) > _MOST[_GLOBAL]:
        yield f"the table has {len(table.indexes)} global secondary indexes, but may have {_MOST[_GLOBAL]}"
    if table.indexes and not table.inline_indexes:
        local = [index for _, index in _objects(props, _LOCAL)]
        local_names = set(_known(_names(props, _LOCAL)))
        yield from _check_same_names([*local_names, *(get(index.props, "indexName") for index in table.indexes)])
        yield from _check_projected(local + [get(index.props, "projection") for index in table.indexes])
    if table.replicas and not get(props, "replicas"):
        yield from _check_replicated(props)
    for index in table.indexes:
        schema = _objects(index.props, "keySchemas") or [("keySchemas", None)]
        keys += [(at, get(key, "attributeName")) for at, key in schema]
    # Only if all keys are known and valid: the check of the single resource reports other keys.
    unused = sorted(set(_known(declared)) - set(_known(keys)))
    if unused and all(isinstance(name, str) for _, name in keys):
        yield f"attributes declares {_quoted(unused)}, which no key of the table or of an index uses: remove it"


def _check_objects(item: object, key: str, path: str = "") -> Findings:
    for at, element in entries(item, key):
        if not isinstance(element, Mapping) and element is not UNKNOWN:
            wanted = "a list of objects" if at == key else "an object"
            yield f"{path}{at} is {describe(element)}, but must be {wanted}"


def _objects(item: object, path: str) -> list[tuple[str, Any]]:
    """Return the path and the value of each element of a list that is an object or not known yet."""
    return [(at, element) for at, element in entries(item, path) if isinstance(element, Mapping) or element is UNKNOWN]


def _check_name(item: object, key: str, path: str = "") -> Findings:
    def is_legal(value: object) -> bool:
        return value is UNKNOWN or (isinstance(value, str) and bool(_NAME.fullmatch(value)))

    if get(item, key) is not UNKNOWN:
        yield from expect(item, key, is_legal, _NAME_RULE, path)


def _check_type(item: object, key: str, path: str) -> Findings:
    yield from expect(item, key, lambda type_: type_ in _ATTRIBUTE_TYPES, "S, N or B", path)


def _check_keys(table: Mapping[str, Any]) -> Findings:
    keys, declared = list(_keys(table)), _names(table, "attributes")
    for path, attribute in _objects(table, "attributes"):
        yield from _check_type(attribute, "type", path)
    if _is_restored(table) and not declared and get(table, "hashKey") is None:
        return
    yield from _check_attribute_names(keys + declared)
    for name, times in _repeated(name for _, name in declared):
        yield f"attributes declares {name!r} {times} times"
    lacking = sorted(set(_known(keys)) - set(_known(declared)))
    if lacking and all(isinstance(get(attribute, "name"), str) for _, attribute in entries(table, "attributes")):
        yield f"attributes doesn't declare {_quoted(lacking)}, which a key uses: add it"


def _check_attribute_names(keys: Keys) -> Findings:
    for path, name in keys:
        if name is UNKNOWN:
            yield Unknown(path)
        elif not isinstance(name, str):
            yield f"{path} is {describe(name)}, but must be the name of an attribute"
        elif len(name) > _LONGEST_KEY:
            yield f"{path} has {len(name)} characters, but the name of a key attribute has at most {_LONGEST_KEY}"


def _names(table: Mapping[str, Any], key: str) -> Keys:
    return [(join(path, "name", element), get(element, "name")) for path, element in _objects(table, key)]


def _known(keys: Keys) -> list[str]:
    return [name for _, name in keys if isinstance(name, str)]


def _keys(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the path and the name of each key attribute. The name of a missing partition key is None."""
    for path, item in (("", table), *_objects(table, _GLOBAL)):
        schema = _objects(item, "keySchemas") if isinstance(item, Mapping) else []
        yield from ((join(f"{path}.{at}", "attributeName", key), get(key, "attributeName")) for at, key in schema)
        if not schema:
            yield join(path, "hashKey", item), get(item, "hashKey")
            if isinstance(item, Mapping) and get(item, "rangeKey") is not None:
                yield join(path, "rangeKey", item), get(item, "rangeKey")
    for path, index in _objects(table, _LOCAL):
        yield join(path, "rangeKey", index), get(index, "rangeKey")


def _quoted(names: list[str]) -> str:
    return ", ".join(map(repr, names))


def _is_restored(table: Mapping[str, Any]) -> bool:
    return any(get(table, source) is not None for source in _RESTORED_FROM)


def _check_indexes(table: Mapping[str, Any]) -> Findings:
    hash_key, range_key = get(table, "hashKey"), get(table, "rangeKey")
    yield from _check_distinct("the table", [hash_key, range_key])
    for kind, most in _MOST.items():
        indexes = _objects(table, kind)
        if len(indexes) > most:
            yield f"{kind} has {len(indexes)} indexes, but a table may have {most}"
        for path, index in indexes:
            yield from _check_name(index, "name", path)
            yield from _check_projection(index, path)
    for path, index in (pair for pair in _objects(table, _GLOBAL) if pair[1] is not UNKNOWN):
        pair = [get(index, "hashKey"), get(index, "rangeKey")]
        if get(index, "keySchemas") is not None and pair != [None, None]:
            yield f"{path} has keySchemas and also hashKey or rangeKey: declare its keys only one way"
        yield from _check_objects(index, "keySchemas", f"{path}.")
        yield from _check_distinct(path, pair + [get(key, "attributeName") for _, key in _objects(index, "keySchemas")])
        yield from _check_key_schema(index, f"{path}.")
    for path, index in _objects(table, _LOCAL):
        if range_key is None and not _is_restored(table):
            yield f"{path} is a local secondary index, but the table has no rangeKey"
        yield from _check_distinct(path, [hash_key, get(index, "rangeKey")])
    indexes = [index for kind in _MOST for _, index in _objects(table, kind)]
    yield from _check_same_names([get(index, "name") for index in indexes])
    yield from _check_projected(indexes)


def _check_projected(items: list[Any]) -> Findings:
    projected = sum(len(entries(item, "nonKeyAttributes")) for item in items if item is not UNKNOWN)
    if projected > _MOST_PROJECTED_IN_ALL:
        yield f"the indexes have {projected} nonKeyAttributes in all, but may have {_MOST_PROJECTED_IN_ALL}"


def _check_same_names(names: list[Any]) -> Findings:
    for name, times in _repeated(names):
        yield f"{times} indexes have the name {name!r}"


def _check_distinct(what: str, names: list[Any]) -> Findings:
    for name, times in _repeated(names):
        yield f"{what} has {name!r} as {times} of its keys"


def _repeated(names: Iterable[Any]) -> Iterator[tuple[str, int]]:
    """Yield each name that occurs more than once, and how often."""
    counts = Counter(name for name in names if isinstance(name, str))
    return ((name, times) for name, times in counts.items() if times > 1)


def _check_key_schema(index: Mapping[str, Any], prefix: str) -> Findings:
    schema = _objects(index, "keySchemas")
    types = [get(key, "keyType") for _, key in schema]
    for (at, key), type_ in zip(schema, types, strict=True):
        if type_ not in (*_KEY_TYPES, UNKNOWN):
            yield from expect(key, "keyType", lambda _: False, "HASH or RANGE", f"{prefix}{at}")
    if not schema or any(type_ not in _KEY_TYPES for type_ in types):
        return
    if "HASH" not in types:
        yield f"{prefix}keySchemas has no partition key (keyType HASH)"
    elif types != sorted(types, key=lambda type_: type_ == "RANGE"):
        yield f"{prefix}keySchemas has a key of keyType RANGE before one of keyType HASH: put those of HASH first"
    for type_ in _KEY_TYPES:
        if types.count(type_) > _MOST_KEYS:
            yield f"{prefix}keySchemas has {types.count(type_)} keys of keyType {type_}, but may have {_MOST_KEYS}"


def _check_projection(item: Mapping[str, Any], path: str) -> Findings:
    type_, attributes = get(item, "projectionType"), len(entries(item, "nonKeyAttributes"))
    if type_ not in (None, *_PROJECTIONS, UNKNOWN):
        yield from expect(item, "projectionType", lambda _: False, f"one of {', '.join(_PROJECTIONS)}", path)
    elif type_ == "INCLUDE" and not attributes:
        yield f"{path}.projectionType is 'INCLUDE', but nonKeyAttributes is missing"
    elif type_ in ("ALL", "KEYS_ONLY") and attributes:
        yield f"{path}.projectionType is {type_!r}, which takes no nonKeyAttributes: remove them, or use INCLUDE"
    if attributes > _MOST_PROJECTED:
        yield f"{path}.nonKeyAttributes has {attributes} attributes, but may have {_MOST_PROJECTED}"


def _check_warm_throughput(item: object, path: str) -> Findings:
    for key, least in _WARM.items():
        units = get(item, f"warmThroughput.{key}")
        if units not in (None, UNKNOWN) and (integer(units) or 0) < least:
            where = f"{path}.warmThroughput.{key}".lstrip(".")
            yield f"{where} is {describe(units)}, but must be {least} or more"


def _check_stream(table: Mapping[str, Any]) -> Findings:
    yield from expect(table, "streamEnabled", lambda value: value is None or isinstance(value, bool), "true or false")
    enabled, view_type = get(table, "streamEnabled"), get(table, "streamViewType")
    if view_type is not None or enabled is True:
        rule = f"one of {', '.join(_VIEW_TYPES)}"
        yield from expect(table, "streamViewType", lambda value: value in _VIEW_TYPES, rule)
    if view_type not in (None, UNKNOWN) and not enabled:
        yield f"streamViewType is {describe(view_type)}, but streamEnabled is {describe(enabled)}"


def _check_replicas(table: Mapping[str, Any]) -> Findings:
    replicas = _objects(table, "replicas")
    # Strongly consistent replicas don't use the stream.
    if any(replica is not UNKNOWN and get(replica, "consistencyMode") != "STRONG" for _, replica in replicas):
        yield from _check_replicated(table)
    if get(table, "globalTableWitness") is not None and len(replicas) != 1 and UNKNOWN not in dict(replicas).values():
        yield f"globalTableWitness needs exactly one replica beside it, but there are {len(replicas)}"


def _check_replicated(table: Mapping[str, Any]) -> Findings:
    enabled, view_type = get(table, "streamEnabled"), get(table, "streamViewType")
    if UNKNOWN not in (enabled, view_type) and (enabled is not True or view_type != "NEW_AND_OLD_IMAGES"):
        yield "the table has replicas: set streamEnabled to true and streamViewType to NEW_AND_OLD_IMAGES"


POLICY = policy(
    "dynamodb-table-schema",
    checks={TABLE: _check_table, GLOBAL_SECONDARY_INDEX: _check_index},
    check_stack=_check_stack,
    description="DynamoDB tables should have a schema that DynamoDB accepts, and declare only key attributes.",
    severity=Severity.HIGH,
    remediation_steps="Correct the property in the message. Declare in attributes exactly the keys of the table and of "
    "its indexes.",
    url="https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html",
)
