"""What is asked of each table goes by a key; tests/test_contract.py pins the keys themselves."""

import pytest

from components.tables import FAMILIES, TABLES

ASKED = [
    pytest.param(table, pattern, id=pattern.question)
    for table in TABLES
    for pattern in table.access_patterns
    if pattern.operation != "Scan"
]


def test_families_have_each_table_once():
    assert [table for family in FAMILIES for table in family.tables] == list(TABLES)
    assert len({table.logical_name for table in TABLES}) == len({table.name for table in TABLES}) == len(TABLES)


@pytest.mark.parametrize(("table", "pattern"), ASKED)
def test_what_is_asked_goes_by_the_key_of_the_table_or_of_an_index(table, pattern):
    item = next((index for index in table.indexes if index.logical_name == pattern.index), table)
    by = [*pattern.key, *([pattern.between] if pattern.between else [])]

    assert pattern.index in {None, *(index.logical_name for index in table.indexes)}
    assert by == [item.partition_key, item.sort_key][: len(by)]


def test_only_the_vendors_are_read_as_a_whole():
    assert [t.name for t in TABLES for pattern in t.access_patterns if pattern.operation == "Scan"] == ["VendorConfig"]
