"""The capacity units of a request, on its table and on each index that it reads or changes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from components.schema import AccessPattern

READ_BYTES, WRITE_BYTES = 4096, 1024
ITEM_OVERHEAD = 100
"""Bytes that storage counts for each item of a table, and again for each item of an index:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html and, for indexes,
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.StorageConsiderations"""


@dataclass(frozen=True, kw_only=True)
class Index:
    """A global secondary index: its key, what it projects, how many items it holds, and their size in bytes."""

    name: str
    key: tuple[str, ...]
    projection: str
    attributes: tuple[str, ...]
    items: float
    size: int

    def holds(self, attribute: str) -> bool:
        """Return whether items of the index have this attribute."""
        return self.projection == "ALL" or attribute in {*self.key, *self.attributes}


@dataclass(frozen=True, kw_only=True)
class Stored:
    """How many items a table has, of how many bytes, and its indexes by logical name."""

    items: float
    size: int
    indexes: Mapping[str, Index] = field(default_factory=dict)


def request_units(pattern: "AccessPattern", stored: Stored, request: Mapping[str, Any]) -> tuple[str, dict[str, float]]:
    """Return "read" or "write", and the units of one request of the table ("") and of its indexes.

    `request` may have `size`, in bytes, `items`, and `consistent`.

    - A read takes a unit for each 4 KB that is begun, and half of that where it is eventually consistent, which is the
      default. GetItem and BatchGetItem round up each item, and read all of it even to return one attribute. A Query
      rounds up the sum of its items. A Scan reads the whole table or index.
    - A read of a global secondary index is always eventually consistent.
    - A write takes a unit for each 1 KB that is begun, of the larger of the item before and after it, for each item.
    - An index takes the same, by the size of its own item, if it holds the item and what changes is projected, and
      twice that if the index's key changes, because the old entry is deleted. A PutItem is taken to write a new item.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html and, for indexes,
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations
    """
    operation, items = pattern.operation, request.get("items", 1)
    if operation in READS:
        index = stored.indexes[pattern.index] if pattern.index else None
        size = request.get("size", index.size if index else stored.size)
        if operation == "Scan":
            there = index or stored
            units = max(1, math.ceil(there.items * there.size / READ_BYTES))
        elif operation == "Query":
            units = max(1, math.ceil(items * size / READ_BYTES))
        else:
            units = items * max(1, math.ceil(size / READ_BYTES))
        return "read", {index.name if index else "": units * (1 if request.get("consistent") else 0.5)}
    size = request.get("size", stored.size)
    by_resource: dict[str, float] = {"": items * max(1, math.ceil(size / WRITE_BYTES))}
    for index in stored.indexes.values():
        attribute = pattern.attribute
        if attribute is None or index.holds(attribute):
            share = min(1.0, index.items / stored.items) if stored.items else 1.0
            entry = max(1, math.ceil((size if index.projection == "ALL" else index.size) / WRITE_BYTES))
            by_resource[index.name] = items * share * entry * (2 if attribute in index.key else 1)
    return "write", by_resource


READS = {"GetItem", "BatchGetItem", "Query", "Scan"}
OPERATIONS = READS | {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"}


def stored_bytes(items: float, size: int) -> float:
    """Return the bytes that the items of a table, or of an index, are billed as."""
    return items * (size + ITEM_OVERHEAD)
