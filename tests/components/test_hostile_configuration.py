"""Any configuration at all: the listed refusal or the whole plan, never a traceback, never half of it."""

import re

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.tables import TABLES
from ops.engine import plan, project
from ops.errors import CallError, PlanError
from tests import programs
from tests.conftest import ROOT

KEYS = [key for key in yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"] if ":" not in key]
HEADLINE = "the configuration is wrong, nothing was registered:"
PROBLEM = re.compile(r"  paypulse:.* = .*: .+", re.DOTALL)

texts = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            *("true", "false", "True", "yes", "on", "0", "-0", "1e3", "0x10", "40000", "40001", "٤", "1_000", " 1"),
            *("Users", "-dev", ".", "a" * 256, "arn:aws:kms:eu-west-1:123456789012:key/1", "notify", "null", "~", "{}"),
        ]
    ),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**12), 10**12), st.floats(), st.dates(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)
keys = st.one_of(st.sampled_from(KEYS), texts, st.just("secure"))
configurations = st.dictionaries(
    st.one_of(keys, keys.map("paypulse:{}".format), st.just("aws:region")), values, max_size=4
)


def outcome(folder, name, overrides=()):
    """Return the number of resources of the whole plan, or the refusal."""
    created = []

    def create(resource):
        created.append(resource)
        return "", {**resource.inputs, "arn": "arn", "streamArn": "arn"}

    try:
        recorded = programs.record(project.load(folder, name, overrides), create)
    except CallError as error:
        return str(error)
    except PlanError as error:
        assert [resource.type for resource in created] == [plan.STACK_TYPE], "half a plan"
        return str(error)
    assert recorded.resources == created
    return len(recorded.resources)


def check(found):
    if isinstance(found, int):
        assert found >= len(TABLES) + 10
        return
    headline, *problems = re.split(r"\n(?=  paypulse:)", found)
    if headline == HEADLINE:
        assert problems
        assert all(map(PROBLEM.fullmatch, problems)), problems
    else:
        assert not problems
        assert "Traceback" not in headline
        assert "\n" not in headline


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Make the project anew, for stacks of its own."""
    made = tmp_path_factory.mktemp("project")
    for name in ("Pulumi.yaml", "__main__.py", "components"):
        (made / name).symlink_to(ROOT / name)
    return made


quick = settings(
    max_examples=max(15, settings().max_examples // 6), deadline=None, suppress_health_check=[*HealthCheck]
)


@quick
@given(configurations)
def test_any_mapping_is_refused_or_a_whole_plan(folder, configuration):
    (folder / "Pulumi.any.yaml").write_text(yaml.safe_dump({"config": configuration}, allow_unicode=True))

    check(outcome(folder, "any"))


@quick
@given(st.one_of(st.text(max_size=60), values.map(lambda value: yaml.safe_dump(value, allow_unicode=True))))
def test_any_text_is_refused_or_a_whole_plan(folder, text):
    (folder / "Pulumi.any.yaml").write_text(text, encoding="utf-8", errors="surrogatepass")

    check(outcome(folder, "any"))


@quick
@given(st.lists(st.one_of(texts, st.tuples(keys, texts).map("=".join)), max_size=3))
def test_any_override_is_refused_or_a_whole_plan(overrides):
    check(outcome(ROOT, "prod", overrides))
