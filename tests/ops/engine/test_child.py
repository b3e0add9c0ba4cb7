"""A program in a process of its own: what it is told, and what it fails with."""

import json
import socket

import pytest
from pulumi.runtime.rpc import UNKNOWN

from ops.engine import program as programs
from ops.errors import PlanError

ENDED = "the program exited with code {}; a Pulumi program must return when it is done"


def failure(stack):
    with pytest.raises(PlanError) as error:
        programs.preview(stack)
    return str(error.value)


def test_a_program_is_run_as_the_cli_runs_it(program):
    stack = program(
        """
        import os, sys
        import helper

        class Thing(pulumi.CustomResource):
            arn: pulumi.Output[str]

        thing = Thing("demo:index:Thing", "t", {"name": "things", "arn": None})
        pulumi.export("unknown", [thing.arn, thing.id])
        pulumi.export("stack", [pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack()])
        pulumi.export("config", {"size": pulumi.Config().require_int("size"), "hush": pulumi.Config().get_secret("hush")})
        pulumi.export("secret", [pulumi.runtime.is_config_secret(f"demo:{key}") for key in ("size", "hush")])
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
        "unknown": [UNKNOWN, UNKNOWN],
        "stack": ["organization", "demo", "dev"],
        "config": {"size": 5, "hush": "[secret]"},
        "secret": [False, True],
        "dry run": True,
        "folder": [str(stack.directory)] * 2,
        "helper": "helper",
        "input": "",
    }


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
        pytest.param("import os; os._exit(0)", ENDED.format(0), id="exits at once"),
        pytest.param(
            "import os; os.kill(os.getpid(), 9)",
            "the program was killed by SIGKILL; a Pulumi program must return when it is done",
            id="is killed",
        ),
    ],
)
def test_a_program_that_does_not_return_fails(program, source, end):
    assert failure(program(source)).endswith(end)


def test_a_program_sees_no_credentials_and_nothing_traces_it(program, monkeypatch):
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
