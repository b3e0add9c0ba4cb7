from dataclasses import dataclass

import pytest

from ops.cost.capacity import Index, Stored, request_units, stored_bytes


@dataclass(frozen=True)
class Asks:
    operation: str
    index: str | None = None
    attribute: str | None = None


def index(name="i", key=("a", "b"), projection="ALL", attributes=(), items=1000, size=1500):
    return Index(name=name, key=key, projection=projection, attributes=attributes, items=items, size=size)


PLAIN = Stored(items=1000, size=1500)
INDEXED = Stored(items=1000, size=1500, indexes={"i": index()})


@pytest.mark.parametrize(
    ("pattern", "request_", "units"),
    [
        pytest.param(Asks("GetItem"), {}, {"": 0.5}, id="half a unit for 4 KB that are eventually consistent"),
        pytest.param(Asks("GetItem"), {"consistent": True}, {"": 1}, id="a unit where consistent"),
        pytest.param(Asks("GetItem"), {"size": 4096}, {"": 0.5}, id="4 KB exactly"),
        pytest.param(Asks("GetItem"), {"size": 4097}, {"": 1}, id="a byte more begins a unit"),
        pytest.param(Asks("GetItem"), {"size": 0}, {"": 0.5}, id="an item that isn't there"),
        pytest.param(Asks("GetItem", attribute="x"), {"size": 9000}, {"": 1.5}, id="all of the item for one attribute"),
        pytest.param(Asks("BatchGetItem"), {"items": 3}, {"": 1.5}, id="each item of a batch is rounded up"),
        pytest.param(
            Asks("Query"), {"items": 10}, {"": 2}, id="the sum of a query's items is rounded up: 15,000 bytes"
        ),
        pytest.param(Asks("Query"), {"items": 0}, {"": 0.5}, id="an empty query"),
        pytest.param(Asks("Query", index="i"), {"items": 10}, {"i": 2}, id="a query of an index"),
        pytest.param(Asks("Scan"), {}, {"": 183.5}, id="a scan reads the table: 1,500,000 bytes are 367 units"),
    ],
)
def test_reads(pattern, request_, units):
    assert request_units(pattern, INDEXED, request_) == ("read", units)


@pytest.mark.parametrize(
    ("pattern", "stored", "request_", "units"),
    [
        pytest.param(Asks("PutItem"), PLAIN, {}, {"": 2}, id="a unit for each 1 KB begun"),
        pytest.param(Asks("PutItem"), PLAIN, {"size": 1024}, {"": 1}, id="1 KB exactly"),
        pytest.param(Asks("PutItem"), INDEXED, {}, {"": 2, "i": 2}, id="once more in the index"),
        pytest.param(Asks("DeleteItem"), INDEXED, {}, {"": 2, "i": 2}, id="a delete, too"),
        pytest.param(Asks("BatchWriteItem"), INDEXED, {"items": 25}, {"": 50, "i": 50}, id="each item of a batch"),
        pytest.param(
            Asks("UpdateItem", attribute="x"), INDEXED, {}, {"": 2, "i": 2}, id="an attribute that is projected"
        ),
        pytest.param(
            Asks("UpdateItem", attribute="a"), INDEXED, {}, {"": 2, "i": 4}, id="the index's key: delete and put"
        ),
        pytest.param(
            Asks("UpdateItem", attribute="x"),
            Stored(items=1000, size=1500, indexes={"i": index(projection="KEYS_ONLY", size=100)}),
            {},
            {"": 2},
            id="an attribute that is not projected",
        ),
        pytest.param(
            Asks("UpdateItem", attribute="x"),
            Stored(items=1000, size=1500, indexes={"i": index(projection="INCLUDE", attributes=("x",), size=100)}),
            {},
            {"": 2, "i": 1},
            id="an attribute that is included, by the size of the entry",
        ),
        pytest.param(
            Asks("PutItem"),
            Stored(items=1000, size=1500, indexes={"i": index(items=250)}),
            {},
            {"": 2, "i": 0.5},
            id="an index that holds a quarter of the items",
        ),
    ],
)
def test_writes(pattern, stored, request_, units):
    assert request_units(pattern, stored, request_) == ("write", units)


def test_storage_counts_100_bytes_more_for_each_item():
    assert stored_bytes(10, 400) == 5000
