"""Reading of properties as the SDK hands them over: by its proxies, which raise for what is not known."""

import pytest

from dynamodb.values import MALFORMED, describe, entries, get, integer, is_sentinel, join, plain
from dynamodb.values import UNKNOWN as NOT_KNOWN
from tests.policies.judge import UNKNOWN, UNKNOWNS, proxied

PROPS = proxied(
    {
        "name": "x",
        "off": False,
        "a": {"b": {"c": 5.0, "unknown": UNKNOWN}, "unknown": UNKNOWN},
        "list": [{"c": 1.0}, UNKNOWN, "x"],
        "unknown": UNKNOWN,
        "filled": {"string": "", "number": 0.0, "list": [], "object": {}, "null": None},
    }
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("name", "x", id="a value"),
        pytest.param("a.b.c", 5.0, id="a nested value"),
        pytest.param("off", False, id="false states something"),
        pytest.param("none", None, id="missing"),
        pytest.param("none.b.c", None, id="in what is missing"),
        *(pytest.param(f"filled.{key}", None, id=f"a {key} that the provider fills in") for key in PROPS["filled"]),
        pytest.param("unknown", NOT_KNOWN, id="not known"),
        pytest.param("a.b.unknown", NOT_KNOWN, id="nested, not known"),
        pytest.param("a.unknown.c", NOT_KNOWN, id="in what is not known"),
        pytest.param("name.c", MALFORMED, id="in a string"),
        pytest.param("list.c", MALFORMED, id="in a list"),
        pytest.param("off.c", MALFORMED, id="in a boolean"),
    ],
)
def test_a_value_at_a_path(path, expected):
    assert get(PROPS, path) is expected or get(PROPS, path) == expected


def test_the_elements_of_a_list():
    assert [(path, plain(element)) for path, element in entries(PROPS, "list")] == [
        ("list[0]", {"c": 1.0}),
        ("list[1]", NOT_KNOWN),
        ("list[2]", "x"),
    ]
    assert entries(PROPS, "none") == entries(PROPS, "filled.list") == []
    assert entries(PROPS, "unknown") == [("unknown", NOT_KNOWN)]
    assert entries(PROPS, "name") == [("name", MALFORMED)]
    assert entries(PROPS, "a") == [("a", MALFORMED)]


def test_plain_values_stand_for_proxies():
    assert plain(proxied({"a": [1.0, {"b": UNKNOWN}]})) == {"a": [1.0, {"b": NOT_KNOWN}]}
    assert plain(proxied({"a": [UNKNOWN], "b": UNKNOWN}), None) == {"a": [None], "b": None}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5.0, 5),
        (5, 5),
        (0.0, 0),
        (-1.0, -1),
        (5.5, None),
        (True, None),
        ("5", None),
        (None, None),
        (float("inf"), None),
        (float("nan"), None),
        (NOT_KNOWN, None),
    ],
    ids=repr,
)
def test_a_whole_number(value, expected):
    assert integer(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(None, "missing", id="missing"),
        pytest.param(NOT_KNOWN, "not known until deployment", id="not known"),
        pytest.param(MALFORMED, "of the wrong type", id="malformed"),
        pytest.param(True, "true", id="a boolean"),
        pytest.param("x", "'x'", id="a string"),
        pytest.param("x\n", r"'x\n'", id="a string of two lines"),
        pytest.param(5.0, "5", id="a whole number"),
        pytest.param(5, "5", id="a whole number of a default"),
        pytest.param(5.5, "5.5", id="a number"),
        pytest.param(PROPS["list"], "a list", id="a list"),
        pytest.param(PROPS["a"], "an object", id="an object"),
    ],
)
def test_a_value_in_a_message(value, expected):
    assert describe(value) == expected


def test_the_path_of_what_can_not_be_read_is_that_of_what_it_is_in():
    assert [join("a[0]", "b", item) for item in ({}, None, NOT_KNOWN, MALFORMED)] == [
        "a[0].b",
        "a[0].b",
        "a[0]",
        "a[0]",
    ]
    assert join("", "b", {}) == "b"


def test_sentinels_of_unknown_values_are_told_from_other_strings():
    assert all(map(is_sentinel, UNKNOWNS))
    assert not any(map(is_sentinel, ["", "x", None, NOT_KNOWN, UNKNOWN.upper()]))
