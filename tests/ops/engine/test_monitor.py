"""What a program registers, as the monitor records it; the programs run in this process."""

import importlib.metadata
from typing import Any

import pytest
from pulumi.runtime.proto import engine_pb2

from ops.engine import plan
from ops.engine.monitor import Monitor
from ops.errors import PlanError
from tests import programs

TABLE = """
    aws.dynamodb.Table("t", name="things", hash_key="id", attributes=[{"name": "id", "type": "S"}])
"""
ROOT_URN = "urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev"
VERSION = importlib.metadata.version("pulumi-aws")
BARE: dict[str, Any] = {"custom": False, "inputs": {}, "protect": False, "ignore_changes": []}


def failure(stack, create=None):
    with pytest.raises(PlanError) as error:
        programs.record(stack, create)
    return str(error.value)


def default_provider(**config):
    name = f"default_{VERSION.replace('.', '_')}"
    known: dict[str, Any] = BARE | {
        "urn": f"urn:pulumi:dev::demo::pulumi:providers:aws::{name}",
        "type": "pulumi:providers:aws",
        "name": name,
        "parent": "",
        "custom": True,
        "inputs": config | {"version": VERSION},
    }
    return plan.Registration(**known)


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
            opts=pulumi.ResourceOptions(
                parent=inner,
                protect=True,
                ignore_changes=["read_capacity", "a[*].bC"],
                aliases=[pulumi.Alias(name="old")],
                additional_secret_outputs=["arn"],
                delete_before_replace=True,
            ),
        )
        """
    )
    family = "urn:pulumi:dev::demo::demo:data:Family::f"
    inner = "urn:pulumi:dev::demo::demo:data:Family$demo:data:Inner::i"
    table = "urn:pulumi:dev::demo::demo:data:Family$demo:data:Inner$aws:dynamodb/table:Table"

    assert programs.record(stack).resources == [
        plan.Registration(urn=ROOT_URN, type="pulumi:pulumi:Stack", name="demo-dev", parent="", **BARE),
        plan.Registration(urn=family, type="demo:data:Family", name="f", parent=ROOT_URN, **BARE),
        plan.Registration(urn=inner, type="demo:data:Inner", name="i", parent=family, **BARE),
        plan.Registration(
            urn=f"{table}::t",
            type="aws:dynamodb/table:Table",
            name="t",
            parent=inner,
            custom=True,
            inputs={"name": "things", "hashKey": "id", "readCapacity": 5, "tags": {"Owner": "me"}},
            secrets=["tags.Owner"],
            protect=True,
            ignore_changes=["readCapacity", "a[*].bC"],
            version=VERSION,
            provider=default_provider(region="eu-west-1"),
            aliases=[f"{table}::old"],
            additional_secret_outputs=["arn"],
            delete_before_replace=True,
        ),
    ]


def test_what_a_resource_needs_is_recorded_as_a_whole_and_by_property(program):
    stack = program(
        """
        table = aws.dynamodb.Table("t", name="things", hash_key="id")
        other = aws.dynamodb.Table("o", name="others", hash_key="id")
        aws.appautoscaling.Target(
            "r",
            service_namespace="dynamodb",
            resource_id=pulumi.Output.concat("table/", table.name),
            scalable_dimension="dynamodb:table:ReadCapacityUnits",
            min_capacity=1,
            max_capacity=2,
            opts=pulumi.ResourceOptions(depends_on=[other]),
        )
        """
    )
    table, other = (f"urn:pulumi:dev::demo::aws:dynamodb/table:Table::{name}" for name in "to")
    target = programs.record(stack).resources[-1]

    assert sorted(target.dependencies) == sorted([table, other])
    assert target.property_dependencies == {"resourceId": [table]}


def test_of_a_region_that_the_stack_does_not_set_the_default_provider_has_none(program):
    stack = program(TABLE, project_file="name: demo\nruntime: python\n")

    assert programs.record(stack).resources[-1].provider == default_provider()


def test_what_is_secret_is_hidden_with_all_below_it_and_a_list_as_a_whole(program):
    stack = program(
        """
        hush = pulumi.Output.secret("hush")
        table = aws.dynamodb.Table(
            "t",
            name=hush,
            hash_key="id",
            attributes=[{"name": "id", "type": "S"}, {"name": hush, "type": "S"}],
            tags={"Owner": hush, "Team": "us"},
            ttl=pulumi.Output.secret({"attribute_name": "hush", "enabled": True}),
        )
        pulumi.export("name", table.name)
        pulumi.export("all", {"tags": table.tags, "key": table.hash_key})
        """
    )
    recorded = programs.record(stack)

    assert recorded.resources[-1].shown == {
        "name": "[secret]",
        "hashKey": "id",
        "attributes": "[secret]",
        "tags": {"Owner": "[secret]", "Team": "us"},
        "ttl": "[secret]",
    }
    assert recorded.resources[-1].inputs["ttl"] == {"attributeName": "hush", "enabled": True}
    assert recorded.outputs == {"name": "[secret]", "all": {"tags": "[secret]", "key": "id"}}


def test_what_create_returns_flows_on_into_the_program(program):
    stack = program(
        """
        table = aws.dynamodb.Table("t", name="things", hash_key="id")
        pulumi.export("arn", table.arn)
        pulumi.export("id", table.id)
        pulumi.export("nested", {"secret": pulumi.Output.secret(5)})
        """
    )

    recorded = programs.record(stack, lambda _: ("the-id", {"arn": "the-arn"}))

    assert recorded.outputs == {"arn": "the-arn", "id": "the-id", "nested": {"secret": "[secret]"}}


def test_outputs_of_a_component_are_kept_by_its_urn(program):
    stack = program(
        """
        class Family(pulumi.ComponentResource):
            def __init__(self):
                super().__init__("demo:data:Family", "f")
                self.register_outputs({"size": 12, "hush": pulumi.Output.secret("hush")})

        Family()
        pulumi.export("a", 1)
        """
    )
    recorded = programs.record(stack)

    # A policy pack gets secrets in the clear, as from the CLI.
    assert recorded.component_outputs == {
        "urn:pulumi:dev::demo::demo:data:Family::f": {"size": 12, "hush": "hush"},
        ROOT_URN: {"a": 1},
    }
    assert recorded.outputs == {"a": 1}


def test_two_runs_of_a_program_record_the_same(program):
    stack = program(TABLE)

    assert programs.record(stack) == programs.record(stack)


def test_two_resources_with_one_urn_fail(program):
    assert failure(program(TABLE + TABLE)) == (
        "two resources have the URN urn:pulumi:dev::demo::aws:dynamodb/table:Table::t; give them different names"
    )


def test_a_program_that_registers_nothing_is_an_empty_stack(program):
    assert [r.type for r in programs.record(program("")).resources] == ["pulumi:pulumi:Stack"]


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


def test_what_was_recorded_until_a_program_is_stopped_is_the_plan(program):
    def create(resource):
        if resource.name == "t1":
            raise plan.StopProgram
        return "", {}

    stack = program("for i in range(3):\n    aws.dynamodb.Table(f't{i}', hash_key='id')")

    assert [resource.name for resource in programs.record(stack, create).resources] == ["demo-dev", "t0"]


COMPONENT = "pulumi.ComponentResource('demo:data:Family', 'f'"


@pytest.mark.parametrize(
    ("source", "what"),
    [
        pytest.param(
            "aws.dynamodb.Table.get('t', 'things')",
            "reads the existing aws:dynamodb/table:Table 'things'",
            id="reading",
        ),
        pytest.param(
            "aws.dynamodb.Table('t', hash_key='id', opts=pulumi.ResourceOptions(import_='things'))",
            "registers t with the option importId",
            id="importing",
        ),
        pytest.param(
            "pulumi.ComponentResource('eks:index:Cluster', 'c', {}, None, remote=True)",
            "registers c with the option remote",
            id="a remote component",
        ),
        pytest.param(
            "aws.get_caller_identity()",
            "calls the function aws:index/getCallerIdentity:getCallerIdentity",
            id="a function",
        ),
        pytest.param(
            f"pulumi.export('x', pulumi.runtime.call('demo:data:Family/name', {{}}, {COMPONENT})))",
            "calls the method demo:data:Family/name",
            id="a method",
        ),
        pytest.param(
            "pulumi.runtime.register_stack_transform(lambda _: None)",
            "registers a transform of the stack",
            id="a stack transform",
        ),
        pytest.param(
            f"{COMPONENT}, None, pulumi.ResourceOptions(transforms=[lambda _: None]))",
            "registers f with the option transforms",
            id="a transform",
        ),
        pytest.param(
            "hook = pulumi.ResourceHook('h', lambda _: None)\n"
            f"{COMPONENT}, None, pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_create=[hook])))",
            "registers a resource hook",
            id="a hook",
        ),
    ],
)
def test_what_needs_the_real_provider_fails(program, source, what):
    assert failure(program(source)) == f"the program {what}, which needs the real provider; run pulumi preview"


def test_only_what_the_program_reports_as_an_error_is_one(program):
    monitor = Monitor(program(""), lambda _: None)
    for name, severity in engine_pb2.LogSeverity.items():
        monitor.Log(engine_pb2.LogRequest(severity=severity, message=name), None)

    assert monitor.errors == ["ERROR"]
