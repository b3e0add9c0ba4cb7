import copy
from typing import Any

import pytest

from ops.evolve import changes
from ops.evolve.changes import Pair
from tests import programs

# What each path leaves of a new version: ignored paths, old, new, and what the engine compares with the old.
IGNORED: dict[str, tuple[list[str], dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "a key": (["a"], {"a": 1, "b": 1}, {"a": 2, "b": 2}, {"a": 1, "b": 2}),
    "a key that is new": (["a"], {}, {"a": 2}, {}),
    "a key that is gone": (["a"], {"a": 1}, {}, {"a": 1}),
    "a key of neither": (["a", "b.c"], {}, {}, {}),
    "a nested key": (["a.b"], {"a": {"b": 1, "c": 1}}, {"a": {"b": 2, "c": 2}}, {"a": {"b": 1, "c": 2}}),
    "a nested key of a new object": (["a.b"], {}, {"a": {"b": 2}}, {"a": {"b": 2}}),
    "a nested key of what is no object": (["a.b"], {"a": "b"}, {"a": {"b": 2}}, {"a": {"b": 2}}),
    "a quoted key": (['a["b.c"]'], {"a": {"b.c": 1}}, {"a": {"b.c": 2}}, {"a": {"b.c": 1}}),
    "all keys": (["a[*]"], {"a": {"b": 1, "c": 1}}, {"a": {"b": 2, "d": 2}}, {"a": {"b": 1, "c": 1}}),
    "a position": (["a[1]"], {"a": [1, 1]}, {"a": [2, 2]}, {"a": [2, 1]}),
    "a position that is new": (["a[1]"], {"a": [1]}, {"a": [2, 2]}, {"a": [2, 2]}),
    "all positions": (["a[*].b"], {"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": 3}]}, {"a": [{"b": 1}]}),
    "a key of a list": (["a.b"], {"a": [1]}, {"a": [2]}, {"a": [2]}),
}


@pytest.mark.parametrize("row", IGNORED)
def test_what_is_ignored_has_its_old_value(row):
    paths, old, new, expected = IGNORED[row]
    before = copy.deepcopy(new)

    assert changes.ignore_changes(new, old, paths) == expected
    assert new == before


def pair(**inputs):
    """Return a pair of a resource that is removed, two of whose inputs are secret."""
    type_, secrets = "aws:dynamodb/table:Table", ["tags.Owner", "hidden"]
    resource = programs.registration(type_, "t", f"urn:pulumi:prod::demo::{type_}::t", inputs=inputs, secrets=secrets)
    return Pair(then=resource, now=None, old=inputs, new={}, table="things")


def test_a_change_shows_no_secret():
    secret = pair(tags={"Owner": 'A "B" & Co', "Team": "data"}, hidden=[{"key": 12345, "on": True, "none": ""}, "word"])
    call = 'TagResource: [{"Value": "A \\"B\\" & Co"}, {"Value": "data"}], 12345 word True'

    change = secret.change("tags-changed", "tags.Owner", old='A "B" & Co', new="C", calls=(call,), detail="Of A.")

    assert (change.old, change.new, change.detail) == ("[secret]", "[secret]", "Of A.")
    assert change.calls == ('TagResource: [{"Value": "[secret]"}, {"Value": "data"}], [secret] [secret] True',)
    assert secret.change("tags-changed", "tags", old=secret.old["tags"]).old == {"Owner": "[secret]", "Team": "data"}


def test_a_change_has_the_steps_of_its_recipe_unless_it_is_safe():
    steps = [pair().change("autoscaling-removed", severity=severity).steps for severity in ("dangerous", "safe")]

    assert [bool(each) for each in steps] == [True, False]
    other = pair().change("autoscaling-removed", recipe="keep-capacities").steps
    assert other == changes.RECIPES["keep-capacities"].steps != steps[0]
