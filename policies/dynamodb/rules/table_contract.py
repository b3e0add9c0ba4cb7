"""Fails if a table or an index differs from the contract of the stack's tables, which is the option `tables`.

```json
"dynamodb-table-contract": {
  "tables": {
    "Orders": {
      "partitionKey": "UserID",
      "sortKey": "OrderID",
      "attributes": {"UserID": "S", "OrderID": "S", "date": "N", "shop": "S"},
      "globalSecondaryIndexes": [
        {"name": "date-index", "partitionKey": "UserID", "sortKey": "date", "projection": "ALL"},
        {"name": "shop-index", "partitionKey": ["shop", "date"], "projection": ["total", "currency"]}
      ],
      "streamViewType": "NEW_IMAGE"
    }
  }
}
```

Tables have their physical names; tables with the same name in two regions have one contract. `attributes` are the
types of all key attributes. A list as a key is a key of several attributes; a list as a projection is an INCLUDE
projection of these attributes. `sortKey`, `globalSecondaryIndexes` and `streamViewType` are optional. If the contract
has no table, nothing is checked.

- Tables: one is missing, is not in the contract, or has another key, type of a key attribute or stream view type.
- Indexes: one is missing, is not in the contract, has another key or projection, or is not in the order of the
  contract. Add a new index at the end, in the program and in the contract. A resource
  aws.dynamodb.GlobalSecondaryIndex may be anywhere.

Change the contract together with the program, in one pull request. A preview alone hides three mistakes:

- If the key or the projection of an index changes, the preview shows an update of the table, which Pulumi's protect
  doesn't stop. The provider deletes the index and creates it again.
- If an index is inserted in front of others, they get the wrong live capacities, because Pulumi ignores the capacities
  of indexes by position.
- If the only index of a table is removed from the program, the preview shows no change, and the index stays in AWS.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_policy import Severity

from dynamodb.policy import Findings, Inputs, Options, OptionSchema, StackFindings, Unknown, is_exempt, policy
from dynamodb.stack import TABLE, Stack, StackTable
from dynamodb.values import MALFORMED, UNKNOWN, Unreadable, describe, entries, get, join

_INDEXES = "globalSecondaryIndexes"
# By keyType: the field of the contract, the property of the provider, and the word in messages.
_KINDS = {"HASH": ("partitionKey", "hashKey", "partition key"), "RANGE": ("sortKey", "rangeKey", "sort key")}
_VIEW_TYPES = ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")
_TOGETHER = "in the same pull request"
# Why a table or an index must not change.
_TABLE_COST = "another key replaces the table, and its items are lost"
_INDEX_COST = "a changed index is deleted and built again. To get another index, add one at the end"

# Whether a table declares no index, by URN. The stack doesn't show this: once the last index is removed from the
# program, the outputs of the table still have it.
_declares_none: dict[str, bool] = {}


@dataclass(frozen=True)
class _Index:
    """An index: inline, or a resource of its own. `projection` has its projectionType and nonKeyAttributes."""

    name: Any
    item: Any
    path: str
    projection: Any
    projection_path: str


def _check_table(table: Inputs, options: Options) -> Findings:
    if not options["tables"]:
        return
    name = _name(table, "name")
    indexes = [_Index(_name(index, "name"), index, path, index, path) for path, index in entries(table, _INDEXES)]
    _declares_none[table.urn] = not indexes
    contract = options["tables"].get(name)
    if name is UNKNOWN:
        yield Unknown("name")
    elif not isinstance(name, str):
        yield "the table has no name that the contract could list: set name"
    elif not contract:
        yield (
            f"table {name!r} is not in the contract. If it is a table of the contract, change its name back; if it is "
            f"new, add it to tables, {_TOGETHER}:\n{_members({name: _stated_table(table, indexes)})}"
        )
    else:
        label = f"table {name!r}"
        yield from _check_keys(table, "", contract, label, _TABLE_COST)
        for path, attribute in entries(table, "attributes"):
            yield from _check_type(attribute, path, ("name", "type"), contract, label)
        yield from _check_stream(table, contract, label)
        # Without inline indexes, they may all be resources of their own, which _check_stack checks.
        if indexes:
            yield from _check_indexes(indexes, contract, label)


def _check_stack(stack: Stack, options: Options) -> StackFindings:
    contracts, names = options["tables"], [table.name for table in stack.tables]
    missing = [name for name in contracts if name not in names and not is_exempt(name, options)]
    # A table with an unknown name may be one of them.
    for name in missing if len(missing) > names.count(UNKNOWN) else ():
        wanted = f"declare it, or remove it from tables, {_TOGETHER}"
        yield None, f"the stack has no table {name!r}, but the contract does: {wanted}"
    for table in stack.tables:
        contract = contracts.get(table.name) if isinstance(table.name, str) else None
        if contract and not is_exempt(table.name, options):
            yield from _check_own_indexes(table, contract)


def _check_own_indexes(table: StackTable, contract: dict[str, Any]) -> StackFindings:
    """Check the indexes that are resources of their own."""
    names = []
    for resource in table.indexes:
        props = resource.props
        index = _Index(_name(props, "indexName"), props, "", get(props, "projection"), "projection")
        names.append(index.name)
        findings = [Unknown("indexName")] if index.name is UNKNOWN else _check_index(index, contract, table.label)
        yield from ((resource, finding) for finding in findings)
        for path, key in entries(props, "keySchemas"):
            found = _check_type(key, path, ("attributeName", "attributeType"), contract, table.label)
            yield from ((resource, finding) for finding in found)
    if _declares_none.get(table.resource.urn, not table.inline_indexes):
        yield from ((table.resource, finding) for finding in _check_missing(names, contract, table.label))


def _check_indexes(indexes: list[_Index], contract: dict[str, Any], label: str) -> Findings:
    """Check inline indexes."""
    for index in indexes:
        if index.name is UNKNOWN:
            yield Unknown(join(index.path, "name", index.item))
        else:
            yield from _check_index(index, contract, label)
    order, names = list(_listed(contract)), [index.name for index in indexes if isinstance(index.name, str)]
    right = sorted(names, key=lambda name: order.index(name) if name in order else len(order))
    if names != right:
        yield (
            f"the indexes of {label} are {_quoted(names)}, but must be in the order {_quoted(right)}: Pulumi keeps the "
            "live capacities of indexes by position, and out of order an index gets that of another"
        )
    yield from _check_missing([index.name for index in indexes], contract, label)


def _check_missing(names: list[Any], contract: dict[str, Any], label: str) -> Findings:
    # An index with an unknown name may be any of them.
    for name in _listed(contract) if UNKNOWN not in names else ():
        if name not in names:
            wanted = f"declare it, or remove it from there, {_TOGETHER}"
            yield f"{label} has no index {name!r}, but the contract does: {wanted}"


def _check_index(index: _Index, contract: dict[str, Any], label: str) -> Findings:
    wanted, of_index = _listed(contract).get(index.name), f"index {describe(index.name)} of {label}"
    if not wanted:
        stated = json.dumps(_stated_index(index))
        yield f"{of_index} is not in the contract: add it there, at the end, {_TOGETHER}:\n{stated}"
        return
    yield from _check_keys(index.item, index.path, wanted, of_index, _INDEX_COST)
    yield from _check_projection(index, wanted["projection"], of_index)


def _check_keys(item: object, path: str, contract: dict[str, Any], label: str, cost: str) -> Findings:
    found = list(_keys(item, path))
    unknown = [at for kind, at, name in found if UNKNOWN in (kind, name)]
    yield from map(Unknown, unknown)
    # A key of an unknown kind may be either.
    if any(kind is UNKNOWN for kind, _, _ in found):
        return
    actual = [[name for of, _, name in found if of == kind] for kind in _KINDS]
    wanted = [_list(contract.get(field)) for field, _, _ in _KINDS.values()]
    if any(UNKNOWN not in names and names != right for names, right in zip(actual, wanted, strict=True)):
        yield f"{label} has {_described(actual)}, but the contract says {_described(wanted)}. Change it back: {cost}"


def _keys(item: object, path: str = "") -> Iterator[tuple[Any, str, Any]]:
    """Yield keyType, path and name of each key, in either spelling."""
    for at, key in entries(item, "keySchemas"):
        kind, name = _name(key, "keyType"), _name(key, "attributeName")
        yield kind, join(path, join(at, "keyType" if kind is UNKNOWN else "attributeName", key), item), name
    for kind, (_, property_, _) in _KINDS.items():
        if (name := _name(item, property_)) is not None:
            yield kind, join(path, property_, item), name


def _check_type(attribute: object, path: str, keys: tuple[str, str], contract: dict[str, Any], label: str) -> Findings:
    """Check the type of an attribute. `keys` are the properties with its name and its type."""
    name, type_ = (_name(attribute, key) for key in keys)
    wanted = contract["attributes"].get(name)
    if name is UNKNOWN:
        yield Unknown(join(path, keys[0], attribute))
    elif not wanted and name in _key_names(contract):
        added = _members({name: _word(type_)})
        yield f"the contract of {label} lacks the type of the key {name!r}: add {added} to its attributes"
    elif wanted and type_ is UNKNOWN:
        yield Unknown(join(path, keys[1], attribute))
    elif wanted and type_ != wanted:
        actual, why = describe(type_), "a key of another type is another key"
        said = f"attribute {name!r} of {label} has type {actual}, but the contract says {wanted!r}"
        yield f"{said}. Change it back: {why}"


def _check_projection(index: _Index, contract: str | list[str], label: str) -> Findings:
    item, path, type_ = index.projection, index.projection_path, _name(index.projection, "projectionType")
    found = [(at, _text(name)) for at, name in entries(item, "nonKeyAttributes")]
    wanted, included = ("INCLUDE", contract) if isinstance(contract, list) else (contract, [])
    names = [name for _, name in found]
    if type_ is UNKNOWN:
        yield Unknown(join(path, "projectionType", item))
    elif type_ == wanted and UNKNOWN in names:
        yield from (Unknown(join(path, at, item)) for at, name in found if name is UNKNOWN)
    elif type_ != wanted or {*names} != {*included}:
        actual, right = _projected(type_, names), _projected(wanted, included)
        yield f"{label} has {actual}, but the contract says {right}. Change it back: {_INDEX_COST}"


def _check_stream(table: Mapping[str, Any], contract: dict[str, Any], label: str) -> Findings:
    enabled, wanted = get(table, "streamEnabled"), contract.get("streamViewType")
    # Whether streamEnabled and streamViewType agree is checked by dynamodb-table-schema.
    view_type = _name(table, "streamViewType") if enabled is True else None
    if enabled is UNKNOWN or view_type is UNKNOWN:
        yield Unknown("streamEnabled" if enabled is UNKNOWN else "streamViewType")
    elif wanted and view_type is None:
        yield f"{label} has no stream, but the contract does: set streamEnabled to true, streamViewType to {wanted!r}"
    elif not wanted and view_type is not None:
        added = _members({"streamViewType": _word(view_type)})
        yield f"{label} has a stream, but the contract has none: remove it, or add {added} to the contract, {_TOGETHER}"
    elif view_type != wanted:
        actual, why = (
            describe(view_type),
            "another view type makes a new stream, and readers of the old stream get nothing more",
        )
        yield f"streamViewType of {label} is {actual}, but the contract says {wanted!r}. Change it back: {why}"


def _name(item: object, key: str) -> Any:  # noqa: ANN401 - a string, None or Unreadable
    return _text(get(item, key))


def _text(value: object) -> Any:  # noqa: ANN401 - a string, None or Unreadable
    return value if isinstance(value, str | Unreadable | None) else MALFORMED


def _listed(contract: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the indexes of a table's contract by their names, in order."""
    return {index["name"]: index for index in contract.get(_INDEXES, [])}


def _key_names(contract: dict[str, Any]) -> list[str]:
    items = (contract, *contract.get(_INDEXES, []))
    return [name for item in items for field, _, _ in _KINDS.values() for name in _list(item.get(field))]


def _list(names: Any) -> list[Any]:  # noqa: ANN401 - a string, a list or None
    return [] if names is None else names if isinstance(names, list) else [names]


def _described(keys: list[list[Any]]) -> str:
    pairs = zip(_KINDS.values(), keys, strict=True)
    return ", ".join(f"{word} {' + '.join(map(describe, names))}" for (_, _, word), names in pairs if names) or "no key"


def _projected(type_: object, names: list[Any]) -> str:
    return f"projection {describe(type_)}" + (f" of {', '.join(map(describe, names))}" if names else "")


def _quoted(names: list[str]) -> str:
    return ", ".join(map(repr, names))


def _stated_table(table: Inputs, indexes: list[_Index]) -> dict[str, Any]:
    """Return the contract that a table would satisfy."""
    attributes = [attribute for _, attribute in entries(table, "attributes")]
    types = {_word(_name(attribute, "name")): _word(_name(attribute, "type")) for attribute in attributes}
    is_on = get(table, "streamEnabled") is True
    return {
        **_stated_keys(table),
        "attributes": types,
        **({_INDEXES: list(map(_stated_index, indexes))} if indexes else {}),
        **({"streamViewType": _word(_name(table, "streamViewType"))} if is_on else {}),
    }


def _stated_index(index: _Index) -> dict[str, Any]:
    included = [_word(name) for _, name in entries(index.projection, "nonKeyAttributes")]
    projection = included or _word(_name(index.projection, "projectionType"))
    return {"name": _word(index.name)} | _stated_keys(index.item) | {"projection": projection}


def _stated_keys(item: object) -> dict[str, Any]:
    found = list(_keys(item))
    names = {field: [_word(name) for of, _, name in found if of == kind] for kind, (field, _, _) in _KINDS.items()}
    return {field: stated if stated[1:] else stated[0] for field, stated in names.items() if stated}


def _word(value: object) -> str:
    """Return a name for the contract, or dots for the reader to replace."""
    return value if isinstance(value, str) else "..."


def _members(value: dict[str, Any]) -> str:
    """Return the members of an object as JSON."""
    return json.dumps(value)[1:-1]


def _fields(required: list[str], **fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": fields, "additionalProperties": False}


def _one_of(*choices: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(choices)}


_STRING: dict[str, Any] = {"type": "string"}
_STRINGS = {"type": "array", "items": _STRING}
_OPTIONS: OptionSchema = {
    "tables": {
        "type": "object",
        "additionalProperties": _fields(
            ["partitionKey", "attributes"],
            partitionKey=_STRING,
            sortKey=_STRING,
            attributes={"type": "object", "additionalProperties": _one_of("S", "N", "B")},
            globalSecondaryIndexes={
                "type": "array",
                "items": _fields(
                    ["name", "partitionKey", "projection"],
                    name=_STRING,
                    partitionKey={"anyOf": [_STRING, _STRINGS]},
                    sortKey={"anyOf": [_STRING, _STRINGS]},
                    projection={"anyOf": [_one_of("ALL", "KEYS_ONLY"), _STRINGS]},
                ),
            },
            streamViewType=_one_of(*_VIEW_TYPES),
        ),
        "default": {},
        "description": "The contract of each table, by its physical name, as above: of all tables, or of none.",
    }
}

POLICY = policy(
    "dynamodb-table-contract",
    checks={TABLE: _check_table},
    check_stack=_check_stack,
    options=_OPTIONS,
    description="DynamoDB tables and their indexes should be as their contract says.",
    severity=Severity.HIGH,
    remediation_steps="Take the change back. If you want it, change the option tables in the same pull request: add "
    "what is new at the end, and remove what you removed.",
    url="https://www.pulumi.com/docs/iac/concepts/resources/options/ignorechanges/",
)
