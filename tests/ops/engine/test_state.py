"""What Pulumi's state has, from a file, from stdin, or from a CLI, which here only answers what it is told."""

import io
import json
from typing import Any

import pytest

from ops.engine import project, state
from ops.errors import CallError

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
