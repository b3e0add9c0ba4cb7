"""How a pack's configuration file and its policies' own defaults come together."""

import json

import pytest
from pulumi.runtime.proto import analyzer_pb2 as proto

from ops.engine.policy_config import configuration
from ops.engine.wire import from_wire, to_wire
from ops.errors import CallError, PlanError

SCHEMA = {
    "size": {"type": "integer", "minimum": 1, "default": 5},
    "names": {"type": "array", "items": {"type": "string"}, "default": []},
    "mode": {"type": "string", "enum": ["strict", "lax"]},
}
POLICIES = {
    "plain": proto.PolicyInfo(name="plain", enforcementLevel=proto.ADVISORY),
    "with-options": proto.PolicyInfo(
        name="with-options",
        enforcementLevel=proto.MANDATORY,
        configSchema=proto.PolicyConfigSchema(properties=to_wire(SCHEMA)),
    ),
}
DEFAULTS = {"size": 5, "names": []}


@pytest.fixture
def configured(tmp_path):
    """Return a function: what a file of this content configures, by policy: level and options."""

    def configured(content):
        file = tmp_path / "config.json"
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return {
            name: (proto.EnforcementLevel.Name(config.enforcementLevel), from_wire(config.properties))
            for name, config in configuration(POLICIES, file).items()
        }

    return configured


def test_without_a_file_policies_have_their_own_levels_and_the_defaults_of_their_options():
    found = configuration(POLICIES, None)

    assert {name: (config.enforcementLevel, from_wire(config.properties)) for name, config in found.items()} == {
        "plain": (proto.ADVISORY, {}),
        "with-options": (proto.MANDATORY, DEFAULTS),
    }


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param({}, {"plain": ("ADVISORY", {}), "with-options": ("MANDATORY", DEFAULTS)}, id="nothing"),
        pytest.param(
            {"all": "disabled"}, {"plain": ("DISABLED", {}), "with-options": ("DISABLED", DEFAULTS)}, id="all"
        ),
        pytest.param(
            {"all": {"enforcementLevel": "remediate"}, "plain": "advisory"},
            {"plain": ("ADVISORY", {}), "with-options": ("REMEDIATE", DEFAULTS)},
            id="all but one",
        ),
        pytest.param(
            {"with-options": {"size": 7, "mode": "lax"}},
            {"plain": ("ADVISORY", {}), "with-options": ("MANDATORY", {"size": 7, "names": [], "mode": "lax"})},
            id="options",
        ),
        pytest.param(
            {"all": "advisory", "with-options": {"enforcementLevel": "mandatory", "names": ["x"]}},
            {"plain": ("ADVISORY", {}), "with-options": ("MANDATORY", {"size": 5, "names": ["x"]})},
            id="a level and options",
        ),
    ],
)
def test_the_file_sets_levels_and_options_and_leaves_the_defaults(configured, content, expected):
    assert configured(content) == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param({"plane": "advisory"}, ": there is no policy 'plane'; the nearest is 'plain'", id="a policy"),
        pytest.param({"zzz": "advisory"}, ": there is no policy 'zzz'", id="a policy like no other"),
        pytest.param(
            {"plain": "mandatry"},
            ": plain: there is no enforcement level 'mandatry'; the nearest is 'mandatory'",
            id="a level",
        ),
        pytest.param({"all": "mandatry"}, ": plain: there is no enforcement level 'mandatry'", id="a level of all"),
        pytest.param(
            {"all": {"enforcementLevl": "advisory"}},
            ": all: there is no option 'enforcementLevl'; the nearest is 'enforcementLevel'",
            id="an option of all",
        ),
        pytest.param(
            {"with-options": {"sise": 7}},
            ": with-options: there is no option 'sise'; the nearest is 'size'",
            id="an option",
        ),
        pytest.param({"plain": {"size": 7}}, ": plain: there is no option 'size'", id="an option of another"),
        pytest.param(
            {"with-options": {"size": 0}}, ": with-options: size: 0 is less than the minimum of 1", id="a value"
        ),
        pytest.param(
            {"with-options": {"names": "x"}}, ": with-options: names: 'x' is not of type 'array'", id="a type"
        ),
        pytest.param(
            {"with-options": {"names": ["x", 5]}}, ": with-options: names[1]: 5 is not of type 'string'", id="an item"
        ),
        pytest.param(
            {"with-options": {"mode": "none"}},
            ": with-options: mode: 'none' is not one of ['strict', 'lax']",
            id="a choice",
        ),
        pytest.param(
            {"plain": 5},
            " must map policies to an enforcement level, or to an object with enforcementLevel and options",
            id="a number",
        ),
        pytest.param(
            [],
            " must map policies to an enforcement level, or to an object with enforcementLevel and options",
            id="a list",
        ),
    ],
)
def test_what_the_pack_does_not_have_is_refused_by_name(configured, tmp_path, content, message):
    with pytest.raises(PlanError) as error:
        configured(content)
    assert str(error.value).startswith(f"{tmp_path}/config.json{message}")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param("{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)", id="cut off"),
        pytest.param("", "Expecting value: line 1 column 1 (char 0)", id="empty"),
    ],
)
def test_what_is_no_json_is_a_wrong_call(configured, tmp_path, content, why):
    with pytest.raises(CallError) as error:
        configured(content)
    assert str(error.value) == f"{tmp_path}/config.json can't be read: {why}"


def test_a_file_that_there_is_not_is_a_wrong_call(tmp_path):
    with pytest.raises(CallError, match=r"can't be read: \[Errno 2\] No such file or directory"):
        configuration(POLICIES, tmp_path / "none.json")
