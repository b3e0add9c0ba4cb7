"""Properties as protobuf carries them, and what of them is secret."""

import pytest
from pulumi.runtime import rpc

from ops.engine import wire

HUSH = wire.as_secret("hush")


def test_whole_numbers_come_back_as_integers_and_all_else_as_it_was():
    properties = {"n": 5, "f": 0.5, "t": "5", "b": True, "none": None, "l": [1, {"a": []}], "o": {}}
    found = wire.from_wire(wire.to_wire(properties))

    assert found == properties
    assert [type(found[key]) for key in "nfb"] == [int, float, bool]


def test_secrets_come_back_in_the_clear():
    assert wire.from_wire(wire.to_wire({"a": HUSH, "l": [HUSH], "o": {"deep": wire.as_secret({"b": HUSH})}})) == {
        "a": "hush",
        "l": ["hush"],
        "o": {"deep": {"b": "hush"}},
    }


@pytest.mark.parametrize(
    ("properties", "paths"),
    [
        pytest.param({"a": "x", "l": ["x"]}, [], id="none"),
        pytest.param({"b": HUSH, "a": HUSH}, ["a", "b"], id="properties"),
        pytest.param({"o": {"a": HUSH, "b": "x"}}, ["o.a"], id="a nested property"),
        pytest.param({"o": wire.as_secret({"a": HUSH})}, ["o"], id="a secret in a secret"),
        pytest.param({"l": ["x", {"deep": [HUSH]}]}, ["l"], id="a list with one in it"),
    ],
)
def test_paths_tell_what_is_secret(properties, paths):
    assert wire.secret_paths(wire.to_wire(properties)) == paths


@pytest.mark.parametrize(
    ("path", "secret"),
    [
        pytest.param("tags.Owner", "tags.Owner", id="itself"),
        pytest.param("tags.Owner.x", "tags.Owner", id="below"),
        pytest.param("ttl[0].x", "ttl", id="in a list"),
        pytest.param("tags", None, id="above"),
        pytest.param("tags.Ownership", None, id="beside"),
    ],
)
def test_what_is_below_a_secret_is_secret(path, secret):
    assert wire.secret_above(path, ["tags.Owner", "ttl"]) == secret


VALUE = {"name": "x", "tags": {"Owner": "me", "n": 1}, "l": [{"deep": "y", "none": None}]}


@pytest.mark.parametrize(
    ("secrets", "hidden"),
    [
        pytest.param([], VALUE, id="nothing"),
        pytest.param(["name"], VALUE | {"name": "[secret]"}, id="a text"),
        pytest.param(["tags"], VALUE | {"tags": "[secret]"}, id="an object"),
        pytest.param(["tags.n"], VALUE | {"tags": {"Owner": "me", "n": "[secret]"}}, id="a nested number"),
        pytest.param(["l"], VALUE | {"l": "[secret]"}, id="a list"),
    ],
)
def test_a_secret_is_hidden_with_all_below_it(secrets, hidden):
    assert wire.redact(VALUE, secrets) == hidden


def test_where_the_form_is_kept_only_values_are_hidden():
    assert wire.redact(VALUE, ["tags", "l"], keep_form=True) == {
        "name": "x",
        "tags": {"Owner": "[secret]", "n": "[secret]"},
        "l": [{"deep": "[secret]", "none": "[secret]"}],
    }


def test_a_secret_is_wrapped_as_pulumis_sdk_wraps_it():
    wrapping = {rpc._special_sig_key: rpc._special_secret_sig}  # noqa: SLF001 - the SDK has no other name for them

    assert wire.as_secret("hush") == wrapping | {"value": "hush"}
