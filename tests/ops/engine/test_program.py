"""Programs, well and ill behaved, in a process of their own: each ends well, and leaves nothing behind."""

import json
import os
import socket
import time
from pathlib import Path

import pytest
from pulumi.runtime.rpc import UNKNOWN

from ops.engine import program as programs
from ops.engine.plan import StopProgram
from ops.errors import CallError, PlanError

STACK_URN = "urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev"
ENDED = "the program ended itself with exit code {}; a Pulumi program returns when it is done"


def failure(stack, timeout=30.0, create=lambda _: ("", {})):
    with pytest.raises(PlanError) as error, programs.start(stack) as running:
        running.record(create, timeout)
    return str(error.value)


def ended(process):
    """Wait until a process, which may be nobody's child, is gone."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_a_program_is_run_as_the_cli_runs_it(program):
    stack = program(
        """
        import __main__, os, sys
        import helper
        pulumi.export("stack", [pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack()])
        pulumi.export("config", {"size": pulumi.Config().require_int("size"), "hush": pulumi.Config().get_secret("hush")})
        pulumi.export("dry run", pulumi.runtime.is_dry_run())
        pulumi.export("folder", [os.getcwd(), pulumi.get_root_directory()])
        pulumi.export("helper", helper.NAME)
        pulumi.export("input", sys.stdin.read())
        """,
        "config: {'demo:size': 5, 'demo:hush': {secure: AAAB}}",
        overrides=["hush=hush"],
    )
    (stack.directory / "helper.py").write_text("NAME = __name__")

    assert programs.preview(stack).outputs == {
        "stack": ["organization", "demo", "dev"],
        "config": {"size": 5, "hush": "[secret]"},
        "dry run": True,
        "folder": [str(stack.directory)] * 2,
        "helper": "helper",
        "input": "",
    }


def test_what_create_returns_flows_on_into_the_program_in_its_order(program):
    source = """
        for n in range(60):
            aws.dynamodb.Table(f"t{n}", hash_key="id")
        pulumi.export("arn", aws.dynamodb.Table("last", hash_key="id").arn)
        pulumi.export("dry run", pulumi.runtime.is_dry_run())
    """
    with programs.start(program(source)) as running:
        recorded = running.record(lambda resource: (f"id of {resource.name}", {"arn": f"arn of {resource.name}"}))

    assert [resource.name for resource in recorded.resources[1:]] == [*(f"t{n}" for n in range(60)), "last"]
    assert recorded.outputs == {"arn": "arn of last", "dry run": False}


def test_in_a_preview_what_only_aws_knows_is_unknown(program):
    stack = program("t = aws.dynamodb.Table('t', name='things')\npulumi.export('all', [t.name, t.arn])")

    assert programs.preview(stack).outputs == {"all": ["things", UNKNOWN]}


def test_a_program_is_stopped_where_create_says_so(program):
    stack = program("for n in range(3): pulumi.ComponentResource('demo:data:Family', f'f{n}')\nraise KeyError")

    def create(resource):
        if resource.name == "f1":
            raise StopProgram
        return "", {}

    with programs.start(stack) as running:
        recorded = running.record(create)
    assert [resource.name for resource in recorded.resources] == ["demo-dev", "f0"]


def test_what_create_raises_ends_the_program(program):
    def create(_):
        message = "no"
        raise PlanError(message)

    assert failure(program(""), create=create) == "no"


def test_a_program_that_raises_ends_with_its_own_lines_of_the_traceback(program):
    stack = program("def build():\n    raise KeyError('boom')\n\npulumi.Output.from_input(1)\nbuild()")

    assert failure(stack) == (
        "the program failed:\n"
        f'  File "{stack.directory}/__main__.py", line 6, in <module>\n'
        "    build()\n"
        f'  File "{stack.directory}/__main__.py", line 3, in build\n'
        "    raise KeyError('boom')\n"
        "KeyError: 'boom'"
    )


def test_a_program_that_raises_in_an_apply_fails(program):
    stack = program(
        "def boom(_):\n    raise KeyError('boom')\n\npulumi.export('x', pulumi.Output.from_input(1).apply(boom))"
    )

    assert failure(stack).endswith("    raise KeyError('boom')\nKeyError: 'boom'")


@pytest.mark.parametrize(
    ("source", "end"),
    [
        pytest.param("x = = 1", "    x = = 1\n        ^\nSyntaxError: invalid syntax", id="syntax"),
        pytest.param("raise pulumi.RunError('mend this')", "mend this", id="a run error, without a traceback"),
        pytest.param("import sys; sys.exit(0)", ENDED.format(0), id="exits"),
        pytest.param("import sys; sys.exit('no')", ENDED.format(1), id="exits with a message"),
        pytest.param("import os; os._exit(0)", ENDED.format(0), id="exits at once"),
        pytest.param(
            "import os; os.kill(os.getpid(), 9)",
            "the program was killed by SIGKILL; a Pulumi program returns when it is done",
            id="is killed",
        ),
        pytest.param(
            "import socket; socket.create_connection(('192.0.2.1', 80))",
            "PermissionError: a rehearsal opens no connection to 192.0.2.1: it stays on this machine",
            id="leaves the machine",
        ),
    ],
)
def test_a_program_that_does_not_return_fails(program, source, end):
    assert failure(program(source)).endswith(end)


@pytest.mark.parametrize(
    ("source", "last"),
    [
        pytest.param(
            "import asyncio\npulumi.export('x', asyncio.get_event_loop().create_future())", STACK_URN, id="an output"
        ),
        # Resources are registered only when the program's own lines are through, one call at a time.
        pytest.param(
            "import asyncio, time\npulumi.export('x', pulumi.Output.from_input(asyncio.to_thread(time.sleep, 60)))",
            "its start",
            id="a call",
        ),
        pytest.param("while True: pass", "its start", id="a loop"),
        pytest.param(
            """
            import signal, time
            for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
                signal.signal(number, signal.SIG_IGN)
            while True:
                try:
                    time.sleep(60)
                except BaseException:
                    pass
            """,
            "its start",
            id="a loop that catches everything",
        ),
    ],
)
def test_a_program_that_does_not_end_is_ended(program, source, last):
    stack = program(
        "import os\nfrom pathlib import Path\nPath('process').write_text(str(os.getpid()))\n"
        + source.replace(" " * 12, "")
    )

    assert failure(stack, timeout=0.2) == (
        f"the program does not end: in 0.2 s nothing new after {last}; an output or a call never returns"
    )
    assert ended((stack.directory / "process").read_text())


def test_a_slow_program_that_goes_on_registering_does_not_fail(program):
    stack = program(
        """
        import asyncio
        async def register():
            for n in range(4):
                await asyncio.sleep(0.3)
                pulumi.ComponentResource("demo:data:Family", f"f{n}")
        pulumi.export("x", pulumi.Output.from_input(register()))
        """
    )

    assert len(programs.preview(stack, timeout=1).resources) == 5


def test_a_resource_that_takes_long_to_create_is_not_the_programs_fault(program):
    def create(_):
        time.sleep(0.5)
        return "", {}

    with programs.start(program("")) as running:
        assert len(running.record(create, timeout=0.3).resources) == 1


def test_a_program_that_forks_is_recorded_once_and_its_children_are_ended(program):
    stack = program(
        """
        import multiprocessing, os, subprocess
        if not os.fork():
            os._exit(3)
        os.wait()
        other = multiprocessing.get_context("fork").Process(target=print, args=(1,))
        other.start()
        other.join()
        pulumi.export("child", subprocess.Popen(["sleep", "60"]).pid)
        """
    )
    recorded = programs.preview(stack)

    assert list(recorded.outputs) == ["child"]
    assert ended(recorded.outputs["child"])


def test_a_program_sees_no_credentials_and_cannot_leave_the_machine(program, monkeypatch):
    """Nor is a proxy, or where a trace goes to, left: what is not Python heeds these."""
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(0)
        url = f"http://127.0.0.1:{trap.getsockname()[1]}"
        names = ("AWS_PROFILE", "AWS_ENDPOINT_URL", "GITHUB_TOKEN", "HTTPS_PROXY", "PULUMI_OTEL_EXPORTER_OTLP_ENDPOINT")
        for name in names:
            monkeypatch.setenv(name, url)
        monkeypatch.setenv("TRACEPARENT", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        recorded = programs.preview(program("import os\npulumi.export('names', dict(os.environ))"))

        assert set(recorded.outputs["names"]) & {*names, "TRACEPARENT"} == set()
        assert json.loads(recorded.outputs["names"]["PULUMI_CONFIG"]) == {"aws:region": "eu-west-1"}
        with pytest.raises(BlockingIOError):
            trap.accept()


def test_a_run_leaves_this_process_as_it_was(program):
    before = (Path.cwd(), dict(os.environ))
    programs.preview(program("import os\nos.chdir('/')\nos.environ['X'] = 'y'"))

    assert (Path.cwd(), dict(os.environ)) == before


def test_a_folder_without_a_program_is_a_wrong_call(program):
    stack = program("")
    (stack.directory / "__main__.py").unlink()

    with pytest.raises(CallError) as error:
        programs.preview(stack)
    assert str(error.value) == f"no {stack.directory}/__main__.py: there is no program to run"
