"""A guarded process stays on this machine, and neither it nor what it starts outlives who started it."""

import json
import subprocess
import sys

import pytest

from ops.engine.program import guarded
from tests.conftest import ROOT
from tests.ops.processes import is_gone, text_of

TELL = "import json, os, sys; print(json.dumps([__name__, sys.argv, sys.path[0], os.environ.get('GITHUB_TOKEN')]))"
START = """
import os, subprocess, sys, time
from pathlib import Path
other = subprocess.Popen(["sleep", "60"])
Path(sys.argv[1]).write_text(f"{os.getpid()} {other.pid}")
time.sleep(60)
"""


@pytest.fixture
def script(tmp_path):
    """Return a function: write a script."""

    def write(source):
        (tmp_path / "script.py").write_text(source)
        return str(tmp_path / "script.py")

    return write


def answer(tmp_path, *arguments):
    with guarded(*arguments, cwd=tmp_path, stdout=subprocess.PIPE) as process:
        return process.communicate(timeout=20)[0]


def test_a_file_is_run_with_its_arguments_in_its_folder_without_credentials(script, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    file = script(TELL)

    assert json.loads(answer(tmp_path, file, "a", "b")) == ["__main__", [file, "a", "b"], str(tmp_path), None]


def test_a_module_is_run_with_its_arguments(script, tmp_path):
    script(TELL)

    name, (_, *arguments), path, _ = json.loads(answer(tmp_path, "-m", "script", "a"))
    assert (name, arguments, path) == ("__main__", ["a"], str(tmp_path))


def test_what_is_added_to_its_environment_counts(script):
    with guarded(
        script("import os; print(os.environ['PULUMI_STACK'])"), env={"PULUMI_STACK": "dev"}, stdout=subprocess.PIPE
    ) as process:
        assert process.communicate(timeout=20)[0] == "dev\n"


@pytest.mark.parametrize(
    "call",
    [
        pytest.param("socket.create_connection(('192.0.2.1', 80))", id="a connection"),
        pytest.param("socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))", id="a datagram"),
    ],
)
def test_it_stays_on_this_machine(script, tmp_path, call):
    source = f"import socket\ntry: {call}\nexcept PermissionError as error: print(error)"

    assert answer(tmp_path, script(source)) == ("a rehearsal can't connect to 192.0.2.1: it stays on this machine\n")


def test_it_is_ended_with_what_it_started(script, tmp_path):
    with guarded(script(START), str(tmp_path / "started")) as process:
        itself, other = text_of(tmp_path / "started").split()
        assert itself == str(process.pid)

    assert is_gone(itself)
    assert is_gone(other)


def test_it_does_not_outlive_a_parent_that_is_killed(script, tmp_path):
    """SIGKILL leaves the parent no time to end what it has started."""
    arguments = (script(START), str(tmp_path / "started"))
    parent = f"from ops.engine.program import guarded\nwith guarded{arguments}: __import__('time').sleep(60)"
    with subprocess.Popen([sys.executable, "-c", parent], cwd=ROOT) as process:
        started = text_of(tmp_path / "started").split()
        process.kill()

    assert [is_gone(each) for each in started] == [True, True]
