"""What is printed: tables in one line a row, differences, and numbers of things."""

import io
import re

import pytest
from rich.console import Console
from rich.text import Text

from ops.console import console, count, counts, print_differences, print_table, short_type
from ops.drift import Difference

HEADER = ("name", "first", "second")
ROWS = [["a", "11111", "22222"], ["[b]", Text("1", "red"), "2"]]


def printed(width, *arguments, **options):
    out = Console(file=io.StringIO(), width=width, soft_wrap=True, highlight=False)
    print_table(out, *arguments, **options)
    return [line.rstrip() for line in out.file.getvalue().splitlines()]  # ty: ignore[missing-attribute]


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        pytest.param(20, ["name  first  second", "a     11111  22222", "[b]   1      2"], id="too narrow by two"),
        pytest.param(21, ["name  first  second", "a     11111  22222", "[b]   1      2"], id="as wide as its columns"),
    ],
)
def test_a_table_without_columns_to_drop_is_printed_whole(width, lines):
    assert printed(width, ROWS, HEADER) == lines


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        pytest.param(21, ["name  first  second", "a     11111  22222", "[b]   1      2"], id="all fit"),
        pytest.param(20, ["name  first", "a     11111", "[b]   1"], id="one too wide"),
        pytest.param(13, ["name  first", "a     11111", "[b]   1"], id="the others fit"),
        pytest.param(12, ["name", "a", "[b]"], id="two too wide"),
    ],
)
def test_where_a_table_does_not_fit_columns_are_dropped_in_order(width, lines):
    assert printed(width, ROWS, HEADER, droppable=("second", "first")) == lines


def test_a_table_without_names_of_columns_has_no_header():
    assert printed(80, [["a", "b"]], ("", "")) == ["a  b"]


def test_where_there_is_no_terminal_a_line_is_as_wide_as_any(monkeypatch):
    monkeypatch.setattr("sys.stdout", io.StringIO())
    monkeypatch.setattr("sys.stderr", io.StringIO())
    monkeypatch.delenv("FORCE_COLOR", raising=False)

    assert [made.width for made in (console(), console(stderr=True))] == [400, 400]
    assert [made.stderr for made in (console(), console(stderr=True))] == [False, True]


URN = "urn:pulumi:prod::paypulse::aws:dynamodb/table:Table::users"


@pytest.mark.parametrize(
    ("difference", "columns"),
    [
        pytest.param(
            {"property": "", "declared": {"name": "Users"}, "live": None, "replaces": True},
            ["(the resource): a new, empty one would be created", "there", "missing"],
            id="a table that is missing",
        ),
        pytest.param(
            {"property": "", "declared": {"name": "x"}, "live": None},
            ["(the resource)", "there", "missing"],
            id="a resource that is missing",
        ),
        pytest.param(
            {"property": "hashKey", "declared": "a", "live": "b", "replaces": True},
            ["hashKey: the resource is replaced", '"a"', '"b"'],
            id="a key",
        ),
        pytest.param(
            {"property": "globalSecondaryIndexes[i].hashKey", "declared": "a", "live": "b", "replaces": True},
            ["globalSecondaryIndexes[i].hashKey: the index is rebuilt", '"a"', '"b"'],
            id="a key of an index",
        ),
        pytest.param(
            {"property": "globalSecondaryIndexes[i].readCapacity", "declared": 1, "live": 2},
            ["globalSecondaryIndexes[i].readCapacity", "1", "2"],
            id="a capacity of an index",
        ),
        pytest.param(
            {"property": "scaling policy p", "declared": None, "live": {"name": "p"}},
            ["scaling policy p", "not declared", "there"],
            id="a resource that is not declared",
        ),
        pytest.param(
            {"property": "tags.Owner", "declared": None, "live": "me"},
            ["tags.Owner", "missing", '"me"'],
            id="a property that is not declared",
        ),
    ],
)
def test_a_difference_is_a_row(difference, columns):
    out = Console(file=io.StringIO(), width=400, highlight=False)
    print_differences([Difference(urn=URN, **difference)], out)
    header, row = out.file.getvalue().splitlines()  # ty: ignore[missing-attribute]

    assert header.split() == ["Resource", "Property", "Declared", "Live"]
    assert re.split(" {2,}", row.rstrip()) == ["aws:dynamodb/table:Table::users", *columns]


def test_no_difference_is_nothing_to_print():
    out = Console(file=io.StringIO())
    print_differences([], out)

    assert out.file.getvalue() == ""  # ty: ignore[missing-attribute]


def test_one_thing_is_singular():
    assert [count(number, "difference") for number in (0, 1, 2)] == ["0 differences", "1 difference", "2 differences"]


def test_things_are_counted_by_name_in_their_order():
    assert counts(["b", "a", "b"]) == "2 b, 1 a"
    assert counts([]) == ""


@pytest.mark.parametrize(
    ("type_", "shown"),
    [
        ("aws:dynamodb/table:Table", "aws:dynamodb:Table"),
        ("pulumi:pulumi:Stack", "pulumi:pulumi:Stack"),
        ("paypulse:dynamodb:Users", "paypulse:dynamodb:Users"),
    ],
)
def test_a_type_is_shown_as_the_cli_shows_it(type_, shown):
    assert short_type(type_) == shown
