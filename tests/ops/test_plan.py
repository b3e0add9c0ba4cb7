import importlib.metadata
import time
from pathlib import Path
from typing import Any

import pytest

from ops import plan
from ops.errors import CallError, PlanError

TABLE = """
    aws.dynamodb.Table("t", name="things", hash_key="id", attributes=[{"name": "id", "type": "S"}])
"""


def failure(stack, create=None, patience=30):
    with pytest.raises(PlanError) as error:
        plan.record(stack, create, patience)
    return str(error.value)


def test_a_registration_is_recorded_whole(program):
    stack = program(
        """
        family = pulumi.ComponentResource("demo:data:Family", "f")
        inner = pulumi.ComponentResource("demo:data:Inner", "i", None, pulumi.ResourceOptions(parent=family))
        aws.dynamodb.Table(
            "t",
            name="things",
            hash_key="id",
            read_capacity=5,
            tags={"Owner": pulumi.Output.secret("me")},
            opts=pulumi.ResourceOptions(parent=inner, protect=True, ignore_changes=["read_capacity", "a[*].bC"]),
        )
        """
    )
    root = "urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev"
    family = "urn:pulumi:dev::demo::demo:data:Family::f"
    inner = "urn:pulumi:dev::demo::demo:data:Family$demo:data:Inner::i"
    bare: dict[str, Any] = {"custom": False, "inputs": {}, "protect": False, "ignore_changes": []}

    assert plan.record(stack).resources == [
        plan.Registration(urn=root, type="pulumi:pulumi:Stack", name="demo-dev", parent="", **bare),
        plan.Registration(urn=family, type="demo:data:Family", name="f", parent=root, **bare),
        plan.Registration(urn=inner, type="demo:data:Inner", name="i", parent=family, **bare),
        plan.Registration(
            urn="urn:pulumi:dev::demo::demo:data:Family$demo:data:Inner$aws:dynamodb/table:Table::t",
            type="aws:dynamodb/table:Table",
            name="t",
            parent=inner,
            custom=True,
            inputs={"name": "things", "hashKey": "id", "readCapacity": 5, "tags": {"Owner": "me"}},
            shown={"name": "things", "hashKey": "id", "readCapacity": 5, "tags": {"Owner": "[secret]"}},
            protect=True,
            ignore_changes=["readCapacity", "a[*].bC"],
            version=importlib.metadata.version("pulumi-aws"),
        ),
    ]


def test_what_create_returns_flows_on_into_the_program(program):
    stack = program(
        """
        table = aws.dynamodb.Table("t", name="things", hash_key="id")
        pulumi.export("arn", table.arn)
        pulumi.export("id", table.id)
        pulumi.export("nested", {"secret": pulumi.Output.secret(5)})
        """
    )

    recorded = plan.record(stack, lambda _: ("the-id", {"arn": "the-arn"}))

    assert recorded.outputs == {"arn": "the-arn", "id": "the-id", "nested": {"secret": "[secret]"}}


def test_runs_leave_nothing_behind(program):
    stack = program(TABLE)
    folder = Path.cwd()

    assert plan.record(stack) == plan.record(stack)
    assert Path.cwd() == folder


def test_a_program_that_raises_ends_with_its_own_lines_of_the_traceback(program):
    stack = program("def build():\n    raise KeyError('boom')\n\npulumi.Output.from_input(1)\nbuild()")

    assert failure(stack) == (
        "the program failed:\n"
        f'  File "{stack.directory}/__main__.py", line 7, in <module>\n'
        "    build()\n"
        f'  File "{stack.directory}/__main__.py", line 4, in build\n'
        "    raise KeyError('boom')\n"
        "KeyError: 'boom'"
    )


def test_a_program_that_raises_in_an_apply_fails(program):
    stack = program(
        "def boom(_):\n    raise KeyError('boom')\n\npulumi.export('x', pulumi.Output.from_input(1).apply(boom))"
    )

    assert failure(stack).endswith("    raise KeyError('boom')\nKeyError: 'boom'")


def test_a_syntax_error_fails(program):
    assert failure(program("x = = 1")).endswith("    x = = 1\n        ^\nSyntaxError: invalid syntax")


def test_a_run_error_is_shown_without_a_traceback(program):
    assert failure(program("raise pulumi.RunError('mend this')")) == "mend this"


def test_two_resources_with_one_urn_fail(program):
    assert failure(program(TABLE + TABLE)) == (
        "two resources have the URN urn:pulumi:dev::demo::aws:dynamodb/table:Table::t; "
        "give each of one type and parent its own name"
    )


@pytest.mark.parametrize(
    "source",
    [
        "import asyncio\npulumi.export('x', asyncio.get_event_loop().create_future())",
        "import time\nwhile True:\n    time.sleep(1)",
        "import time\nwhile True:\n    try:\n        time.sleep(1)\n    except Exception:\n        pass",
    ],
    ids=["an output", "a loop", "a loop that catches everything"],
)
def test_a_program_that_does_not_end_fails(program, source):
    assert failure(program(source), patience=0.2) == (
        "the program does not end: in 0.2 s nothing new; an output or a call never returns, "
        "after urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev"
    )


def test_a_slow_program_that_goes_on_registering_does_not_fail(program):
    def create(_):
        time.sleep(0.1)
        return "", {}

    stack = program("for i in range(4):\n    aws.dynamodb.Table(f't{i}', hash_key='id')")

    assert len(plan.record(stack, create, patience=0.3).resources) == 5


def test_a_program_that_exits_fails(program):
    assert failure(program("import sys; sys.exit(0)")) == (
        "the program ended itself with exit code 0; a Pulumi program returns when it is done"
    )


def test_a_program_that_registers_nothing_is_an_empty_stack(program):
    assert [r.type for r in plan.record(program("")).resources] == ["pulumi:pulumi:Stack"]


def test_reading_what_exists_fails(program):
    assert failure(program("aws.dynamodb.Table.get('t', 'things')")) == (
        "the program reads the existing aws:dynamodb/table:Table 'things', "
        "which needs the real provider; run pulumi preview"
    )


def test_importing_and_remote_components_fail(program):
    assert failure(
        program("aws.dynamodb.Table('t', hash_key='id', opts=pulumi.ResourceOptions(import_='things'))")
    ) == ("the program registers t with the option importId, which needs the real provider; run pulumi preview")
    assert failure(program("pulumi.ComponentResource('eks:index:Cluster', 'c', {}, None, remote=True)")) == (
        "the program registers c with the option remote, which needs the real provider; run pulumi preview"
    )


def test_a_call_that_never_returns_does_not_hold_up_the_end(program):
    stack = program(
        "import asyncio, time\npulumi.export('x', pulumi.Output.from_input(asyncio.to_thread(time.sleep, 3)))"
    )
    started = time.perf_counter()

    assert failure(stack, patience=0.2).startswith("the program does not end: ")
    assert time.perf_counter() - started < 2


def test_a_folder_without_a_program_is_a_wrong_call(program):
    stack = program("")
    (stack.directory / "__main__.py").unlink()

    with pytest.raises(CallError) as error:
        plan.record(stack)
    assert str(error.value) == f"no {stack.directory}/__main__.py: there is no program to run"


def test_calling_a_function_of_the_provider_fails(program):
    assert failure(program("aws.get_caller_identity()")) == (
        "the program calls the function aws:index/getCallerIdentity:getCallerIdentity, "
        "which needs the real provider; run pulumi preview"
    )


def test_after_the_first_failure_nothing_more_is_created(program):
    created = []

    def create(resource):
        if not resource.custom:
            return "", {}
        created.append(resource.name)
        message = f"no {resource.name}"
        raise PlanError(message)

    stack = program("for i in range(3):\n    aws.dynamodb.Table(f't{i}', hash_key='id')")

    assert failure(stack, create) == "no t0"
    assert created == ["t0"]
