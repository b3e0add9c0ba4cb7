import re
import subprocess
import sys
from typing import Any

import pytest

from components.schema import AccessPattern, Capacity, GlobalSecondaryIndex, Table

ON_DEMAND: dict[str, Any] = {"logical_name": "t", "name": "Things", "partition_key": "id"}


def index(name="by-owner", logical_name="owner", capacity=None):
    return GlobalSecondaryIndex(logical_name=logical_name, name=name, partition_key="owner", capacity=capacity)


def test_definitions_need_no_pulumi():
    check = "import sys, components.tables; sys.exit(any(name.startswith('pulumi') for name in sys.modules))"

    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


@pytest.mark.parametrize(
    ("of_table", "of_index"),
    [pytest.param(None, Capacity(1, 1), id="only the index"), pytest.param(Capacity(1, 1), None, id="only the table")],
)
def test_an_index_has_a_capacity_exactly_if_its_table_has_one(of_table, of_index):
    with pytest.raises(ValueError, match=r"^Things, index by-owner: give the table and all its indexes a capacity"):
        Table(**ON_DEMAND, capacity=of_table, indexes=(index(capacity=of_index),))


def test_indexes_have_names_of_their_own():
    with pytest.raises(ValueError, match=r"^Things: two indexes have the same name in \['by-owner', 'by-owner'\]$"):
        Table(**ON_DEMAND, indexes=(index(), index(logical_name="other")))
    with pytest.raises(ValueError, match=r"^Things: two indexes have the same name in \['owner', 'owner'\]$"):
        Table(**ON_DEMAND, indexes=(index(), index(name="other")))


@pytest.mark.parametrize(("read", "write"), [pytest.param(0, 1, id="of reads"), pytest.param(1, 0, id="of writes")])
def test_a_capacity_is_at_least_one_unit(read, write):
    message = f"Capacity(read={read}, write={write}): provisioned capacity is at least 1 unit"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Capacity(read=read, write=write)


def test_key_attributes_are_those_of_the_table_and_of_its_indexes_once():
    table = Table(**ON_DEMAND, sort_key="owner", indexes=(index(),))

    assert table.key_attributes == ["id", "owner"]


def test_a_trigger_needs_a_stream():
    with pytest.raises(ValueError, match=r"^Things: the trigger notify needs a stream_view_type$"):
        Table(**ON_DEMAND, trigger="notify")


@pytest.mark.parametrize(
    ("keys", "condition"),
    [
        pytest.param({"key": ("id",)}, "id = :id", id="one attribute"),
        pytest.param({"key": ("id", "owner")}, "id = :id AND owner = :owner", id="two"),
        pytest.param({"key": ("id",), "between": "at"}, "id = :id AND at BETWEEN :from AND :to", id="a range"),
    ],
)
def test_the_key_of_an_access_pattern_is_a_key_condition_expression(keys, condition):
    assert AccessPattern(question="?", operation="Query", **keys).key_condition == condition


@pytest.mark.parametrize(
    ("operation", "says", "needs"),
    [
        pytest.param("GetItem", {"key": ("id",), "index": "owner"}, ["key"], id="an index"),
        pytest.param("UpdateItem", {"key": ("id",)}, ["attribute", "key"], id="no attribute"),
        pytest.param("PutItem", {"key": ("id",), "attribute": "a"}, ["key"], id="an attribute"),
        pytest.param("DeleteItem", {}, ["key"], id="nothing"),
        pytest.param("Query", {"filter_by": "active"}, ["key"], id="no key"),
        pytest.param("Scan", {"key": ("id",), "filter_by": "active"}, ["filter_by"], id="a key"),
    ],
)
def test_an_access_pattern_says_what_its_operation_takes(operation, says, needs):
    message = f"'?': a {operation} needs {needs}, but has {sorted(says)}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        AccessPattern(question="?", operation=operation, **says)


@pytest.mark.parametrize(
    "consumers",
    [pytest.param("login_user", id="a string"), pytest.param(("login_user", "login_user"), id="one twice")],
)
def test_consumers_are_a_tuple_of_different_names(consumers):
    message = (
        f"'?': consumers is {consumers!r}, but must be a tuple of different function names, such as ('login_user',)"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        AccessPattern(question="?", operation="Query", key=("id",), consumers=consumers)
