"""The version at a git ref: what is refused, and that no worktree is left behind."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from ops.engine import project
from ops.errors import CallError, PlanError
from ops.evolve import judge, versions
from tests.conftest import ROOT
from tests.ops import processes

COMPONENTS = {"tables.py": "TABLES = ()\n", "examples.py": "ITEMS = {'t': [{'id': '1'}]}\n"}
TABLE = (
    "import pulumi_aws as aws\n"
    "aws.dynamodb.Table('t', name='old', hash_key='id', billing_mode='PAY_PER_REQUEST', "
    "attributes=[{'name': 'id', 'type': 'S'}])\n"
)


def git(folder, *arguments):
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def worktrees(folder):
    return len(git(folder, "worktree", "list", "--porcelain").split("\n\n"))


@pytest.fixture
def repository(tmp_path):
    """Return the folder of a project with one table, in a repository where it is tagged v1."""
    folder = tmp_path / "top" / "data"
    (folder / "components").mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text("name: demo\nruntime: python\nconfig: {'aws:region': {value: eu-west-1}}\n")
    (folder / "Pulumi.dev.yaml").write_text("config: {}\n")
    (folder / "__main__.py").write_text(TABLE)
    for name, source in COMPONENTS.items():
        (folder / "components" / name).write_text(source)
    git(tmp_path / "top", "init", "--quiet", "--initial-branch=main")
    commit(folder, "v1")
    return folder


def commit(folder, tag):
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", tag)
    git(folder, "tag", tag)


@pytest.fixture
def stack(repository):
    return project.load(repository, "dev")


def failure(stack, ref, error=PlanError):
    """Return why there is no version at a ref. No worktree is left behind."""
    with pytest.raises(error) as raised, versions.at_ref(stack, [], ref) as wait:
        wait()
    return str(raised.value)


@pytest.mark.usefixtures("in_process")
def test_the_version_at_a_ref_is_what_the_program_was(stack, repository):
    (repository / "__main__.py").write_text(TABLE.replace("old", "new"))
    commit(repository, "v2")
    with versions.at_ref(stack, [], "v1") as wait:
        found = wait()
        assert worktrees(repository) == 2

    assert [r.inputs["name"] for r in found.plan.resources if r.custom] == ["old"]
    assert found.definitions.items == {"t": [{"id": "1"}]}
    assert not found.is_state
    assert worktrees(repository) == 1
    assert (repository / "__main__.py").read_text() == TABLE.replace("old", "new")


@pytest.mark.parametrize("ref", ["none", "--help", "v1:data", "-h", ""])
def test_a_ref_that_is_not_there_is_a_wrong_call(stack, repository, ref):
    assert failure(stack, ref, CallError) == (
        f"--base {ref!r} is no commit, branch or tag of {repository.parent}; fetch it, or name another"
    )
    assert worktrees(repository) == 1


def test_a_folder_that_is_in_no_repository_is_a_wrong_call(stack, repository):
    shutil.rmtree(repository.parent / ".git")

    assert failure(stack, "v1", CallError).startswith(
        f"git rev-parse fails in {repository}: fatal: not a git repository"
    )


def test_without_git_the_call_is_wrong(stack, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    assert failure(stack, "v1", CallError) == (
        "git is not on PATH; give what is deployed with --state FILE instead of --base"
    )


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize(
    ("file", "source", "message"),
    [
        pytest.param("__main__.py", "raise ValueError('why')\n", "at broken: why", id="the program fails"),
        pytest.param(
            "components/tables.py",
            "raise ValueError('why')\n",
            "at broken: data/components/tables.py fails: ValueError: why",
            id="its tables fail",
        ),
        pytest.param(
            "Pulumi.yaml",
            "a: b\n",
            "at broken: data/Pulumi.yaml has no name: for the project",
            id="the project is wrong",
        ),
    ],
)
def test_a_program_that_fails_at_the_ref_is_named_with_it(stack, repository, file, source, message):
    (repository / file).write_text(source)
    commit(repository, "broken")

    assert failure(stack, "broken") == message
    assert worktrees(repository) == 1


@pytest.mark.usefixtures("in_process")
def test_a_ref_without_examples_is_named(stack, repository):
    (repository / "components" / "examples.py").unlink()
    commit(repository, "bare")

    assert failure(stack, "bare", CallError) == (
        "at bare: no data/components/examples.py: tables.py has the queries that are run, and examples.py the items "
        "that they find"
    )
    assert worktrees(repository) == 1


@pytest.mark.usefixtures("in_process")
def test_the_program_at_a_ref_runs_as_in_a_preview(stack, repository):
    (repository / "__main__.py").write_text("import pulumi\npulumi.export('dry', pulumi.runtime.is_dry_run())\n")
    commit(repository, "dry")
    with versions.at_ref(stack, [], "dry") as wait:
        assert wait().plan.outputs == {"dry": True}


def test_at_a_ref_without_the_stack_nothing_is_deployed(repository):
    (repository / "Pulumi.prod.yaml").write_text("config: {}\n")
    with versions.at_ref(project.load(repository, "prod"), [], "v1") as wait:
        assert wait() == versions.Version()

    assert worktrees(repository) == 1


@pytest.mark.usefixtures("in_process")
def test_no_worktree_is_left_behind_after_an_error_in_the_block(stack, repository):
    found = []

    def block():
        found.append(worktrees(repository))
        raise KeyError

    with pytest.raises(KeyError), versions.at_ref(stack, [], "v1"):
        block()

    assert found == [2]
    assert worktrees(repository) == 1


def test_a_state_is_marked_as_one(stack, tmp_path):
    (tmp_path / "state.json").write_text('{"deployment": {}}')

    assert versions.in_state(stack, str(tmp_path / "state.json")) == versions.Version(is_state=True)


@pytest.fixture
def interruptible():
    """Let child processes be interrupted: those of a shell's background jobs ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_process_leaves_no_worktree_behind(repository, tmp_path):
    started = tmp_path / "started"
    waits = f"import pathlib, threading\npathlib.Path({str(started)!r}).write_text('yes')\nthreading.Event().wait()\n"
    (repository / "__main__.py").write_text(waits)
    commit(repository, "waiting")
    (repository / "__main__.py").write_text(TABLE)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-m", "ops", "evolve", "--cwd", repository, "--stack", "dev", "--base", "waiting"]
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {"TMPDIR": str(temporary)}, stderr=subprocess.PIPE, text=True
    ) as process:
        assert processes.text_of(started) == "yes"
        assert worktrees(repository) == 2
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (130, "interrupted\n")
    assert worktrees(repository) == 1
    assert list(temporary.iterdir()) == []


OWN, LEFT = ({"name": name, "hashKey": key, "projectionType": "ALL"} for name, key in (("own", "id"), ("by_a", "a")))
INPUTS = {
    "name": "t",
    "billingMode": "PAY_PER_REQUEST",
    "hashKey": "id",
    "attributes": [{"name": "id", "type": "S"}],
    "globalSecondaryIndexes": [OWN],
}
BY_A = {
    "attributes": [{"name": "a", "type": "S"}, {"name": "id", "type": "S"}],
    "globalSecondaryIndexes": [LEFT, OWN | {"readCapacity": 0}],
}


@pytest.mark.parametrize(
    ("outputs", "live"),
    [
        pytest.param({}, {}, id="nothing was read"),
        pytest.param({"tags": None, "streamViewType": "", "tableClass": "STANDARD"}, {"tableClass": "STANDARD"}, id="unset"),
        pytest.param({"tags": {"a": "b"}}, {"tags": {"a": "b"}}, id="another's tag"),
        pytest.param({"streamEnabled": True, "streamViewType": "NEW_IMAGE"}, {"streamEnabled": True, "streamViewType": "NEW_IMAGE"}, id="another's stream"),
        pytest.param({"billingMode": "PROVISIONED"}, {"billingMode": "PROVISIONED"}, id="another's billing mode"),
        pytest.param({"deletionProtectionEnabled": False}, {"deletionProtectionEnabled": False}, id="no protection"),
        pytest.param({"attributes": BY_A["attributes"]}, {}, id="an attribute of no index"),
        pytest.param(BY_A, {"attributes": [*INPUTS["attributes"], BY_A["attributes"][0]], "globalSecondaryIndexes": [OWN, LEFT]}, id="an index that was left"),
    ],
)  # fmt: skip
def test_a_table_in_a_state_is_as_it_was_last_read(stack, tmp_path, outputs, live):
    urn = "urn:pulumi:dev::demo::aws:dynamodb/table:Table::t"
    resource = {"urn": urn, "type": "aws:dynamodb/table:Table", "custom": True, "inputs": INPUTS, "outputs": outputs}
    (tmp_path / "state.json").write_text(json.dumps({"deployment": {"resources": [resource]}}))
    (found,) = versions.in_state(stack, str(tmp_path / "state.json")).plan.resources

    assert found.inputs == INPUTS | live


def test_only_tables_of_a_state_are_as_they_were_last_read(stack, tmp_path):
    type_ = "aws:cloudwatch/metricAlarm:MetricAlarm"
    resource = {"urn": f"urn:pulumi:dev::demo::{type_}::a", "type": type_, "custom": True, "inputs": {"name": "a"}}
    resource["outputs"] = {"tags": {"a": "b"}}
    (tmp_path / "state.json").write_text(json.dumps({"deployment": {"resources": [resource]}}))
    (found,) = versions.in_state(stack, str(tmp_path / "state.json")).plan.resources

    assert found.inputs == {"name": "a"}


def test_what_a_state_still_has_to_delete_is_a_change(stack, tmp_path):
    urn = "urn:pulumi:dev::demo::aws:dynamodb/table:Table::t"
    resource = {"urn": urn, "type": "aws:dynamodb/table:Table", "custom": True, "inputs": INPUTS, "delete": True}
    (tmp_path / "state.json").write_text(json.dumps({"deployment": {"resources": [resource]}}))
    found = judge.judge(versions.in_state(stack, str(tmp_path / "state.json")), versions.Version(), [])

    assert [(change.code, change.urn, change.table, change.calls) for change in found] == [
        ("table-deleted", urn, "t", ("DeleteTable: TableName t",))
    ]
