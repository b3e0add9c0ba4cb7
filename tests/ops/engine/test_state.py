"""What Pulumi's state has, from a file, from stdin, or from a CLI, which here only answers what it is told."""

import io
import json
from dataclasses import replace
from typing import Any

import pytest

from ops.aws import emulator
from ops.engine import project, state
from ops.engine.plan import Plan, Registration
from ops.engine.wire import SECRET_VALUE, SIGNATURE
from ops.errors import CallError
from ops.evolve import evolve, report
from ops.evolve.versions import Version

STATE: dict[str, Any] = {
    "deployment": {"resources": [{"urn": "one"}, {"urn": "two", "delete": True}, {"urn": "three", "delete": False}]}
}


@pytest.fixture
def stack(tmp_path):
    return project.Stack(tmp_path, "demo", "dev", {})


@pytest.fixture
def cli(monkeypatch, tmp_path):
    """Return a function that puts a CLI on PATH, which is else empty, that answers so, and notes how it was called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def put(out="", err="", code=0):
        script = f"#!/bin/sh\necho \"$PWD $*\" > {folder}/called\necho '{out}'\necho '{err}' >&2\nexit {code}\n"
        (folder / "pulumi").write_text(script)
        (folder / "pulumi").chmod(0o755)
        return folder / "called"

    return put


def failure(stack, file=None):
    with pytest.raises(CallError) as error:
        state.urns(stack, file)
    return str(error.value)


def test_a_file_has_what_is_not_to_be_deleted(stack, tmp_path):
    (tmp_path / "state.json").write_text(json.dumps(STATE))

    assert state.urns(stack, str(tmp_path / "state.json")) == {"one", "three"}


def test_a_state_may_come_from_stdin(stack, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(STATE)))

    assert state.urns(stack, "-") == {"one", "three"}


def test_a_stack_that_was_never_deployed_has_nothing(stack, cli):
    cli(json.dumps({"version": 3, "deployment": {}}))

    assert state.urns(stack, None) == frozenset()


@pytest.mark.usefixtures("cli")
def test_without_a_cli_nothing_is_known(stack):
    assert state.urns(stack, None) == frozenset()


def test_the_cli_is_asked_for_the_stack_in_its_folder(stack, cli, tmp_path):
    called = cli(json.dumps(STATE))

    assert state.urns(stack, None) == {"one", "three"}
    assert called.read_text() == f"{tmp_path} stack export --non-interactive --stack dev\n"


def test_a_stack_that_the_cli_does_not_have_has_nothing(stack, cli):
    cli(err="error: no stack named 'dev' found", code=6)

    assert state.urns(stack, None) == frozenset()


def test_a_cli_that_fails_is_not_taken_for_one_without_the_stack(stack, cli):
    cli(err="error: PULUMI_ACCESS_TOKEN must be set", code=3)

    assert failure(stack) == (
        "pulumi stack export fails: PULUMI_ACCESS_TOKEN must be set; log in, or pass its output with --state FILE"
    )


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"deployment": 1}', '{"deployment": {"resources": [{}]}}', '{"deployment": null}']
)
def test_what_is_no_state_is_a_wrong_call(stack, cli, tmp_path, content):
    file = tmp_path / "state.json"
    file.write_text(content)
    cli(content)

    assert failure(stack, str(file)) == f"{file} is not the state of a stack; pulumi stack export writes one"
    assert failure(stack) == (
        "the output of pulumi stack export is not the state of a stack; pulumi stack export writes one"
    )


def test_a_file_that_cannot_be_read_is_a_wrong_call(stack, tmp_path):
    assert failure(stack, str(tmp_path / "none")) == (
        f"--state {tmp_path}/none can't be read: [Errno 2] No such file or directory: '{tmp_path}/none'"
    )


PREFIX = "urn:pulumi:dev::demo"
SECRET = {SIGNATURE: SECRET_VALUE}
THINGS: dict[str, Any] = {
    "urn": f"{PREFIX}::demo:data:Family$aws:dynamodb/table:Table::things",
    "type": "aws:dynamodb/table:Table",
    "custom": True,
    "parent": f"{PREFIX}::demo:data:Family::f",
    "protect": True,
    "inputs": {
        "__defaults": ["billingMode"],
        "name": "things",
        "billingMode": "PAY_PER_REQUEST",
        "hashKey": "id",
        "attributes": [{"__defaults": [], "name": "id", "type": "S"}],
        "ttl": {"__defaults": [], "enabled": False},
        "tags": {"Owner": "me"},
    },
    "outputs": {"name": "things", "arn": "arn"},
    "aliases": ["urn:old"],
    "ignoreChanges": ["readCapacity"],
    "propertyDependencies": {"name": []},
}
PROVIDER = {"urn": f"{PREFIX}::pulumi:providers:aws::default", "type": "pulumi:providers:aws", "custom": True}
FAMILY = {"urn": f"{PREFIX}::demo:data:Family::f", "type": "demo:data:Family", "parent": f"{PREFIX}::s"}


@pytest.fixture
def planned(stack, tmp_path):
    """Return a function that reads a state with some resources as a plan."""
    file = tmp_path / "state.json"

    def planned(*resources):
        file.write_text(json.dumps({"version": 3, "deployment": {"resources": [*resources]}}))
        return state.plan(stack, str(file))

    return planned


def test_a_state_is_a_plan_of_what_was_deployed(planned):
    family, things = planned(PROVIDER, FAMILY, THINGS).resources

    assert (family.urn, family.type, family.name, family.custom) == (FAMILY["urn"], FAMILY["type"], "f", False)
    assert things == Registration(
        urn=THINGS["urn"],
        type=THINGS["type"],
        name="things",
        parent=THINGS["parent"],
        custom=True,
        inputs={
            "name": "things",
            "billingMode": "PAY_PER_REQUEST",
            "hashKey": "id",
            "attributes": [{"name": "id", "type": "S"}],
            "ttl": {"enabled": False},
            "tags": {"Owner": "me"},
        },
        protect=True,
        ignore_changes=["readCapacity"],
        property_dependencies={"name": []},
        aliases=["urn:old"],
    )


def test_providers_and_what_is_only_read_are_not_in_the_plan(planned):
    assert planned(PROVIDER, THINGS | {"external": True}) == Plan()


def test_what_pulumi_still_has_to_delete_is_apart(planned):
    plan = planned(PROVIDER, THINGS | {"delete": True})

    assert (plan.resources, [resource.urn for resource in plan.pending_deletions]) == ([], [THINGS["urn"]])


@pytest.mark.parametrize(
    ("prefix", "what"),
    [
        pytest.param("urn:pulumi:dev::other", "other (dev)", id="another project"),
        pytest.param("urn:pulumi:prod::demo", "demo (prod)", id="another stack"),
    ],
)
def test_the_state_of_something_else_is_a_wrong_call(planned, tmp_path, prefix, what):
    with pytest.raises(CallError) as error:
        planned(PROVIDER, THINGS | {"urn": f"{prefix}::aws:dynamodb/table:Table::things"})

    assert str(error.value) == (
        f"{tmp_path}/state.json is the state of {what}, not of demo (dev); run pulumi stack export --stack dev"
    )


@pytest.mark.parametrize(
    "resource",
    [
        pytest.param({"urn": "one", "type": "a:b:C"}, id="no urn of Pulumi's"),
        pytest.param({"urn": f"{PREFIX}::things", "type": "a:b:C"}, id="no name"),
        pytest.param({"urn": THINGS["urn"]}, id="no type"),
        pytest.param(THINGS | {"inputs": ["a"]}, id="no inputs"),
        pytest.param(THINGS | {"inputs": {"a": SECRET | {"plaintext": "{"}}}, id="a secret that is cut off"),
    ],
)
def test_a_resource_that_is_none_of_pulumi_is_a_wrong_call(planned, tmp_path, resource):
    with pytest.raises(CallError) as error:
        planned(resource)

    assert str(error.value) == f"{tmp_path}/state.json is not the state of a stack; pulumi stack export writes one"


def test_a_state_that_is_cut_off_is_a_wrong_call(stack, tmp_path):
    file, whole = tmp_path / "state.json", json.dumps({"deployment": {"resources": [THINGS]}})
    for length in range(len(whole)):
        file.write_text(whole[:length])
        with pytest.raises(CallError) as error:
            state.plan(stack, str(file))
        assert str(error.value) == f"{file} is not the state of a stack; pulumi stack export writes one"


def test_an_encrypted_input_is_a_wrong_call(planned, tmp_path):
    with pytest.raises(CallError) as error:
        planned(THINGS | {"inputs": {"tags": {"Owner": SECRET | {"ciphertext": "v1:abc"}}}})

    assert str(error.value) == (
        f"{tmp_path}/state.json has an encrypted input of {THINGS['urn']}; export it with "
        "pulumi stack export --show-secrets"
    )


def test_a_secret_in_plain_text_is_read_and_marked(planned):
    owner = SECRET | {"plaintext": json.dumps("hidden-owner")}
    (things,) = planned(THINGS | {"inputs": THINGS["inputs"] | {"tags": {"Owner": owner}}}).resources

    assert things.inputs["tags"] == {"Owner": "hidden-owner"}
    assert things.secrets == ["tags.Owner"]


def evolution(stack, then, now):
    stack = replace(stack, config={"aws:region": "eu-west-1"})
    with emulator.embedded("eu-west-1") as clients:
        return evolve.evolve(stack, "state.json", Version(then, is_state=True), Version(now), clients)


def test_a_secret_of_a_state_is_not_printed(planned, stack):
    owner = SECRET | {"plaintext": json.dumps("hidden-owner")}
    then = planned(THINGS | {"inputs": THINGS["inputs"] | {"tags": {"Owner": owner, "Team": "us"}}})
    now = planned(THINGS)
    found = evolution(stack, then, now)

    assert [(change.code, change.old, change.new) for change in found.changes] == [
        ("tags-changed", "[secret]", "[secret]"),
        ("tags-of-others-deleted", "us", None),
    ]
    assert "hidden-owner" not in report.as_json(found) + "".join(report.as_markdown(found))


def test_with_an_empty_state_everything_is_added(planned, stack):
    found = evolution(stack, planned(), planned(FAMILY, THINGS))

    assert [(change.code, change.new) for change in found.changes] == [("table-added", "things")]
    assert found.ok
