"""A small policy pack in a process of its own: what it is told, what it answers; tests/policies has PayPulse's own."""

import dataclasses
import json
import shutil
import sys

import pytest
from pulumi.runtime.proto import analyzer_pb2 as proto

from ops.engine import policy_pack, project
from ops.engine.plan import Plan, Registration
from ops.engine.policy_pack import Violation

SOURCE = """
import json, os
from pulumi_policy import *

def environment(args, report_violation):
    report_violation(json.dumps(dict(os.environ)))

def remedy(args):
    return {**args.props, "size": args.props["size"] + 1}

def whole(args, report_violation):
    report_violation(" ".join(resource.name for resource in args.resources))
    report_violation("of one", args.resources[1].urn)

PolicyPack("demo", enforcement_level=EnforcementLevel.ADVISORY, policies=[
    ResourceValidationPolicy(
        "environment", "Tells.", environment, severity=Severity.HIGH, remediation_steps="Do this."
    ),
    ResourceValidationPolicy("remedy", "Adds one.", lambda *_: None, remediate=remedy),
    StackValidationPolicy("whole", "Names all.", whole, enforcement_level=EnforcementLevel.MANDATORY),
])
"""


def thing(name: str) -> Registration:
    type_ = "demo:index:Thing"
    urn = f"urn:pulumi:dev::demo::{type_}::{name}"
    inputs = {"size": 1, "__defaults": []}
    return Registration(
        urn=urn, type=type_, name=name, parent="", custom=True, inputs=inputs, protect=False, ignore_changes=[]
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packs") / "demo-pack"
    folder.mkdir()
    (folder / "PulumiPolicy.yaml").write_text("{runtime: {name: python, options: {virtualenv: own}}, version: 1.2.3}")
    (folder / "__main__.py").write_text(SOURCE)
    return folder


@pytest.fixture(scope="module")
def stack(folder):
    return project.Stack(folder, "demo", "dev", {"demo:size": "5"})


@pytest.fixture(scope="module")
def pack(folder, stack):
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_PROFILE", "production")
        environment.setenv("GITHUB_TOKEN", "secret")
        with policy_pack.start(folder, None, stack) as started:
            yield started


def test_a_violation_has_the_level_severity_and_remediation_of_its_policy(pack):
    (found,) = pack.analyze(thing("one"))
    environment = json.loads(found.message.partition("\n")[2])

    assert found == Violation(
        pack="demo@v1.2.3 (local: demo-pack)",
        policy="environment",
        description="Tells.",
        level="advisory",
        severity="high",
        urn=thing("one").urn,
        message=found.message,
        remediation="Do this.",
    )
    assert {name: environment[name] for name in environment if name.startswith("PULUMI_")} == {
        "PULUMI_PROJECT": "demo",
        "PULUMI_STACK": "dev",
        "PULUMI_DRY_RUN": "false",
        "PULUMI_CONFIG": '{"demo:size": "5"}',
    }
    assert environment.keys() & {"AWS_PROFILE", "GITHUB_TOKEN"} == set()


def test_a_policy_of_the_stack_speaks_of_one_resource_or_of_the_stack(pack):
    first, *_ = plan = [thing(name) for name in ("stack", "one", "two")]

    assert [(v.urn, v.message.partition("\n")[2], v.is_mandatory) for v in pack.analyze_stack(Plan(plan))] == [
        (first.urn, "stack one two", True),
        (plan[1].urn, "of one", True),
    ]


def test_a_remediation_changes_inputs_only_at_its_level(pack, folder, stack, tmp_path):
    resource = thing("one")
    pack.remediate(resource)
    assert resource.inputs == {"size": 1, "__defaults": []}

    config = tmp_path / "config.json"
    config.write_text('{"remedy": "remediate"}')
    with policy_pack.start(folder, config, stack) as remedying:
        remedying.remediate(resource)
    assert resource.inputs == {"size": 2, "__defaults": []}


def test_a_pack_runs_in_its_own_virtualenv(folder, stack):
    python = folder / "own/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\ntouch {folder}/ran\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    with policy_pack.start(folder, None, stack) as started:
        started.connect()
    shutil.rmtree(folder / "own")

    assert (folder / "ran").exists()


TELLING = """
import dataclasses
import json
from pulumi_policy import *

def told(resource):
    options, provider = resource.opts, resource.provider
    return {
        "type": resource.resource_type,
        "name": resource.name,
        "props": dict(resource.props),
        "protect": options.protect,
        "ignore_changes": list(options.ignore_changes),
        "delete_before_replace": options.delete_before_replace,
        "aliases": list(options.aliases),
        "additional_secret_outputs": list(options.additional_secret_outputs),
        "provider": provider and [provider.resource_type, provider.name, provider.urn, provider.props["size"]],
    }

def each(args, report_violation):
    report_violation(json.dumps(told(args)))

def whole(args, report_violation):
    for resource in args.resources:
        more = {
            "parent": resource.parent and resource.parent.urn,
            "dependencies": [other.urn for other in resource.dependencies],
            "property_dependencies": {
                key: [other.urn for other in others] for key, others in resource.property_dependencies.items()
            },
        }
        report_violation(json.dumps(told(resource) | more), resource.urn)

PolicyPack("telling", enforcement_level=EnforcementLevel.ADVISORY, policies=[
    ResourceValidationPolicy("each", "Tells.", each), StackValidationPolicy("whole", "Tells.", whole)
])
"""


def test_a_pack_is_told_all_that_is_recorded_of_a_resource(tmp_path, stack):
    (tmp_path / "PulumiPolicy.yaml").write_text("runtime: python")
    (tmp_path / "__main__.py").write_text(TELLING)
    first, second, provider = thing("first"), thing("second"), thing("provider")
    told = {
        "type": first.type,
        "name": "first",
        "props": {"size": 1},
        "protect": False,
        "ignore_changes": [],
        "delete_before_replace": None,
        "aliases": [],
        "additional_secret_outputs": [],
        "provider": None,
    }
    more = {
        "protect": True,
        "ignore_changes": ["size"],
        "delete_before_replace": False,
        "aliases": ["urn:old"],
        "additional_secret_outputs": ["key"],
    }
    joined = {"parent": first.urn, "dependencies": [first.urn], "property_dependencies": {"size": [first.urn]}}
    second = dataclasses.replace(second, **more | joined, provider=provider)
    alone = {"parent": None, "dependencies": [], "property_dependencies": {}}
    whole = told | more | {"name": "second", "provider": [provider.type, "provider", provider.urn, 1]}

    with policy_pack.start(tmp_path, None, stack) as telling:
        of_each = [json.loads(v.message.partition("\n")[2]) for one in (first, second) for v in telling.analyze(one)]
        of_stack = [json.loads(v.message.partition("\n")[2]) for v in telling.analyze_stack(Plan([first, second]))]

    assert telling.name == f"telling@v0.0.1 (local: {tmp_path.name})"
    assert of_each == [told, whole]
    assert of_stack == [told | alone, whole | joined]


def test_a_remediation_that_could_not_be_made_changes_nothing(pack, monkeypatch):
    pack.connect()
    response = proto.RemediateResponse(remediations=[proto.Remediation(policyName="remedy", diagnostic="why")])
    monkeypatch.setattr(pack, "_levels", {proto.REMEDIATE})
    monkeypatch.setattr(pack, "_call", lambda *_: response)
    resource = thing("one")
    pack.remediate(resource)

    assert resource.inputs == thing("one").inputs
