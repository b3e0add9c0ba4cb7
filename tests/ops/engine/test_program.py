"""Programs, well and ill behaved, in a process of their own: each ends well, and leaves nothing behind."""

import sys
import time
import traceback

import pytest

from ops.engine import program as programs
from ops.engine.plan import StopProgram
from ops.errors import CallError, PlanError
from tests.ops.processes import is_gone, until

STACK_URN = "urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev"


def failure(stack, timeout=30.0, create=lambda _: ("", {})):
    with pytest.raises(PlanError) as error, programs.start(stack) as running:
        running.record(create, timeout)
    return str(error.value)


def test_what_create_returns_flows_on_into_the_program_in_its_order(program):
    source = """
        class Thing(pulumi.CustomResource):
            arn: pulumi.Output[str]

        things = [Thing("demo:index:Thing", f"t{n}", {"arn": None}) for n in range(200)]
        pulumi.export("last", [things[-1].id, things[-1].arn])
        pulumi.export("dry run", pulumi.runtime.is_dry_run())
    """
    with programs.start(program(source)) as running:
        recorded = running.record(lambda resource: (f"id of {resource.name}", {"arn": f"arn of {resource.name}"}))

    assert [resource.name for resource in recorded.resources[1:]] == [f"t{n}" for n in range(200)]
    assert recorded.outputs == {"last": ["id of t199", "arn of t199"], "dry run": False}


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
        f"the program doesn't end: it did nothing new in 0.2 s after {last}; an output or a call never returns"
    )
    assert is_gone((stack.directory / "process").read_text())


def test_a_slow_program_that_goes_on_registering_does_not_fail(program):
    stack = program(
        """
        import asyncio
        async def register():
            for n in range(4):
                await asyncio.sleep(0.2)
                pulumi.ComponentResource("demo:data:Family", f"f{n}")
        pulumi.export("x", pulumi.Output.from_input(register()))
        """
    )

    assert len(programs.preview(stack, timeout=0.7).resources) == 5


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
    assert is_gone(recorded.outputs["child"])


def is_registering() -> bool:
    """Return whether a thread of this process serves a registration."""
    stacks = map(traceback.extract_stack, sys._current_frames().values())  # noqa: SLF001 - documented
    return any(frame.name == "RegisterResource" for stack in stacks for frame in stack)


def test_a_program_that_is_never_recorded_leaves_no_registration_that_waits(program):
    with programs.start(program("")):
        assert until(is_registering)

    assert until(lambda: not is_registering())


def test_a_folder_without_a_program_is_a_wrong_call(program):
    stack = program("")
    (stack.directory / "__main__.py").unlink()

    with pytest.raises(CallError) as error:
        programs.preview(stack)
    assert str(error.value) == f"no {stack.directory}/__main__.py: there is no program to run"
