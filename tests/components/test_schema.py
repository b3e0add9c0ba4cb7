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
    ("table", "index_capacity"), [({}, Capacity(1, 1)), ({"capacity": Capacity(1, 1)}, None)], ids=["extra", "missing"]
)
def test_an_index_has_a_capacity_exactly_if_its_table_has_one(table, index_capacity):
    with pytest.raises(ValueError, match=r"^Things, index by-owner: an index is billed as its table is"):
        Table(**ON_DEMAND, **table, indexes=(index(capacity=index_capacity),))


def test_indexes_have_names_of_their_own():
    with pytest.raises(ValueError, match=r"^Things: two indexes have one name in \['by-owner', 'by-owner'\]$"):
        Table(**ON_DEMAND, indexes=(index(), index(logical_name="other")))
    with pytest.raises(ValueError, match=r"^Things: two indexes have one name in \['owner', 'owner'\]$"):
        Table(**ON_DEMAND, indexes=(index(), index(name="other")))


def test_a_capacity_is_at_least_one_unit():
    with pytest.raises(ValueError, match="at least 1 unit"):
        Capacity(read=1, write=0)


def test_key_attributes_are_those_of_the_table_and_of_its_indexes_once():
    table = Table(**ON_DEMAND, sort_key="owner", indexes=(index(),))

    assert table.key_attributes == ["id", "owner"]


def test_a_trigger_needs_a_stream():
    with pytest.raises(ValueError, match=r"^Things: the trigger notify needs a stream_view_type$"):
        Table(**ON_DEMAND, trigger="notify")


@pytest.mark.parametrize(
    ("keys", "condition"),
    [
        ({"equal": ("id",)}, "id = :id"),
        ({"equal": ("id", "owner")}, "id = :id AND owner = :owner"),
        ({"equal": ("id",), "between": "at"}, "id = :id AND at BETWEEN :from AND :to"),
    ],
)
def test_the_key_of_an_access_pattern_is_a_key_condition_expression(keys, condition):
    assert AccessPattern(question="?", operation="Query", **keys).key_condition == condition


@pytest.mark.parametrize(
    ("operation", "says", "needs"),
    [
        ("GetItem", {"equal": ("id",), "index": "owner"}, ["equal"]),
        ("UpdateItem", {"equal": ("id",)}, ["attribute", "equal"]),
        ("Query", {"only": "active"}, ["equal"]),
        ("Scan", {"equal": ("id",), "only": "active"}, ["only"]),
    ],
)
def test_an_access_pattern_says_what_its_operation_takes(operation, says, needs):
    message = f"'?': a {operation} needs {needs}, and has {sorted(says)}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        AccessPattern(question="?", operation=operation, **says)
