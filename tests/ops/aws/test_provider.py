"""What a policy pack sees in a rehearsal: what the engine sends it with the real provider in a preview."""

import importlib.metadata

import pytest
from google.protobuf import json_format
from pulumi.runtime.rpc import UNKNOWN

from ops.aws import emulator, provider
from ops.engine import policy_pack
from ops.errors import PlanError
from tests import programs
from tests.programs import rehearse

VERSION = importlib.metadata.version("pulumi-aws")
PROVIDER = {
    "type": "pulumi:providers:aws",
    "name": f"default_{VERSION.replace('.', '_')}",
    "urn": f"urn:pulumi:dev::demo::pulumi:providers:aws::default_{VERSION.replace('.', '_')}",
    "properties": {"region": "eu-west-1", "allowedAccountIds": '["123456789012"]', "version": VERSION},
}
STACK_FILE = "config: {'aws:allowedAccountIds': ['123456789012'], 'demo:word': x}"
PROGRAM = """
    class Family(pulumi.ComponentResource):
        def __init__(self):
            super().__init__("demo:data:Family", "f")
            options = pulumi.ResourceOptions(parent=self, protect=True, additional_secret_outputs=["arn"])
            self.table = aws.dynamodb.Table(
                "t",
                hash_key="id",
                attributes=[{"name": "id", "type": "S"}],
                read_capacity=1,
                write_capacity=1,
                global_secondary_indexes=[
                    {"name": "by-id", "hash_key": "id", "projection_type": "ALL", "read_capacity": 1, "write_capacity": 1}
                ],
                server_side_encryption={"enabled": True},
                tags={"Owner": pulumi.Output.secret("me")},
                opts=options,
            )
            self.register_outputs({"name": self.table.name, "key": self.table.hash_key})
    family = Family()
    aws.appautoscaling.Target(
        "r",
        service_namespace="dynamodb",
        resource_id=pulumi.Output.concat("table/", family.table.name),
        scalable_dimension="dynamodb:table:ReadCapacityUnits",
        min_capacity=1,
        max_capacity=2,
    )
"""
FAMILY = "urn:pulumi:dev::demo::demo:data:Family::f"
TABLE = "urn:pulumi:dev::demo::demo:data:Family$aws:dynamodb/table:Table::t"
TARGET = "urn:pulumi:dev::demo::aws:appautoscaling/target:Target::r"


@pytest.fixture
def idle(tmp_path):
    """Return the folder of a policy pack that finds nothing, and that asks to remediate."""
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "PulumiPolicy.yaml").write_text("runtime: python\n")
    (folder / "__main__.py").write_text(
        "from pulumi_policy import *\n"
        "def remedy(args):\n"
        "    if args.resource_type.startswith('aws:dynamodb'):\n"
        "        kept = {key: value for key, value in args.props.items() if key != 'serverSideEncryption'}\n"
        "        return {**kept, 'tags': {'Owner': 'us'}}\n"
        "PolicyPack('idle', [ResourceValidationPolicy('p', 'd', lambda *_: None, remediate=remedy)])\n"
    )
    return folder


@pytest.fixture
def sent(monkeypatch):
    """Return a list of what is sent to packs: the request's type, and what is in it."""
    requests = []
    call = policy_pack.Pack._call  # noqa: SLF001 - where all goes out

    def record(self, method, request):
        requests.append((type(request).__name__, json_format.MessageToDict(request)))
        return call(self, method, request)

    monkeypatch.setattr(policy_pack.Pack, "_call", record)
    return requests


def rehearsed(stack, folder, config=None):
    with emulator.embedded("eu-west-1") as clients, policy_pack.start(folder, config, stack) as started:
        return rehearse(stack, clients, [started])


def test_a_pack_sees_checked_inputs_then_the_outputs_of_a_preview(program, idle, sent):
    rehearsal = rehearsed(program(PROGRAM, STACK_FILE), idle)
    analyzed = {each["urn"]: each for kind, each in sent if kind == "AnalyzeRequest"}
    (together,) = (each["resources"] for kind, each in sent if kind == "AnalyzeStackRequest")
    stack = {each["urn"]: each for each in together}
    (name,) = (live["name"] for live in rehearsal.drift.live["aws:dynamodb/table:Table"])
    table = {
        "name": name,
        "billingMode": "PROVISIONED",
        "tableClass": "STANDARD",
        "region": "eu-west-1",
        "hashKey": "id",
        "readCapacity": 1,
        "writeCapacity": 1,
    }
    index = {"name": "by-id", "hashKey": "id", "projectionType": "ALL", "readCapacity": 1, "writeCapacity": 1}
    marked = {"__defaults": []}
    # What the provider answers in a preview where a program sets nothing: unknown, or a zero value.
    unknown = (
        *("arn", "globalTableWitness", "id", "pointInTimeRecovery", "streamArn", "streamLabel", "streamViewType"),
        *("ttl", "warmThroughput"),
    )
    unset = (
        *("deletionProtectionEnabled", "importTable", "onDemandThroughput", "rangeKey", "streamEnabled", "tableClass"),
        *("restoreBackupArn", "restoreDateTime", "restoreSourceName", "restoreSourceTableArn", "restoreToLatestTime"),
    )
    of_index = {
        **dict.fromkeys(("keySchemas", "warmThroughput"), UNKNOWN),
        "nonKeyAttributes": [],
        "onDemandThroughput": None,
        "rangeKey": "",
    }

    assert rehearsal.ok
    assert (len(name), name[:2]) == (9, "t-")
    assert analyzed[TABLE] == {
        "type": "aws:dynamodb/table:Table",
        "urn": TABLE,
        "name": "t",
        "options": {"protect": True, "additionalSecretOutputs": ["arn"], "parent": FAMILY},
        "provider": PROVIDER,
        "properties": {
            **table,
            "attributes": [{"name": "id", "type": "S", **marked}],
            "globalSecondaryIndexes": [index | marked],
            "serverSideEncryption": {"enabled": True, **marked},
            "tags": {"Owner": "me"},
            "tagsAll": {"Owner": "me"},
        },
    }
    assert stack[TABLE] == {
        **analyzed[TABLE],
        "parent": FAMILY,
        "properties": {
            **table,
            "attributes": [{"name": "id", "type": "S"}],
            "globalSecondaryIndexes": [index | of_index],
            "serverSideEncryption": {"enabled": True, "kmsKeyArn": UNKNOWN},
            "tags": {"Owner": "me"},
            "tagsAll": {"Owner": "me"},
            **dict.fromkeys(unknown, UNKNOWN),
            **dict.fromkeys(unset),
            "localSecondaryIndexes": [],
            "replicas": [],
        },
    }
    assert stack[TARGET]["properties"] == {
        "serviceNamespace": "dynamodb",
        "resourceId": f"table/{name}",
        "scalableDimension": "dynamodb:table:ReadCapacityUnits",
        "minCapacity": 1,
        "maxCapacity": 2,
        "region": "eu-west-1",
        "tags": None,
        **dict.fromkeys(("arn", "id", "roleArn", "suspendedState", "tagsAll"), UNKNOWN),
    }
    assert stack[TARGET]["propertyDependencies"] == {"resourceId": {"urns": [TABLE]}}
    assert (stack[FAMILY]["properties"], "provider" in stack[FAMILY]) == ({"name": name, "key": "id"}, False)
    assert (analyzed[PROVIDER["urn"]]["properties"], len(together)) == (PROVIDER["properties"], 5)
    assert list(analyzed) == [together[0]["urn"], FAMILY, PROVIDER["urn"], TABLE, TARGET]


def test_what_is_shown_and_compared_is_what_the_program_registered(program, idle, tmp_path):
    stack = program(PROGRAM, STACK_FILE)
    config = tmp_path / "config.json"
    config.write_text('{"all": "remediate"}')

    plain, remedied = (rehearsed(stack, idle, each).plan.resources[2] for each in (None, config))

    assert plain.shown["tags"] == {"Owner": "[secret]"}
    assert sorted(plain.shown) == [
        *("attributes", "globalSecondaryIndexes", "hashKey", "readCapacity", "serverSideEncryption", "tags"),
        "writeCapacity",
    ]
    kept = {key: value for key, value in plain.inputs.items() if key != "serverSideEncryption"}
    assert remedied.inputs == kept | {"tags": {"Owner": "us"}}


def test_remediation_sees_all_that_check_adds(program, idle, sent, tmp_path):
    config = tmp_path / "config.json"
    config.write_text('{"all": "remediate"}')
    rehearsed(program(PROGRAM, STACK_FILE), idle, config)
    before, after = (each["properties"] for kind, each in sent if kind == "AnalyzeRequest" and each["urn"] == TABLE)

    assert before["__defaults"] == ["billingMode", "name", "tableClass"]
    assert {
        key: value for key, value in before.items() if key not in {"__defaults", "serverSideEncryption", "tags"}
    } == {key: value for key, value in after.items() if key != "tags"}


def test_an_index_and_indexes_that_are_not_set_are_unknown(record):
    travel, users = (
        provider.preview(next(r for r in record("prod").resources if r.inputs.get("name") == name)).inputs
        for name in ("TravelInvoices", "Users")
    )

    assert travel["globalSecondaryIndexes"] == UNKNOWN
    assert users["globalSecondaryIndexes"] == [
        {
            "name": "Email-index",
            "hashKey": "Email",
            "projectionType": "ALL",
            **dict.fromkeys(("keySchemas", "readCapacity", "writeCapacity", "warmThroughput"), UNKNOWN),
            "nonKeyAttributes": [],
            "onDemandThroughput": None,
            "rangeKey": "",
        }
    ]


def test_an_alarm_has_no_defaults_in_its_dimensions_and_the_provider_s_outputs(record):
    alarms = record("prod", "alarm_topic=arn:aws:sns:eu-west-1:123456789012:alarms").resources
    on_metric, on_query = (
        next(r for r in alarms if r.name == f"users-{name}") for name in ("throttled-reads", "system-errors")
    )

    checked, seen = provider.check(on_metric).inputs, provider.preview(on_metric).inputs
    assert checked["dimensions"] == {"TableName": "Users"}
    assert checked["__defaults"] == []
    assert provider.check(on_query).inputs["metricQueries"][0]["__defaults"] == []
    assert {key for key, value in seen.items() if value == UNKNOWN} == {
        *("arn", "evaluateLowSampleCountPercentiles", "id", "tagsAll")
    }
    assert {key for key, value in seen.items() if value is None} >= {"metricQueries", "unit", "datapointsToAlarm"}
    (query,) = provider.preview(on_query).inputs["metricQueries"]
    assert query == on_query.inputs["metricQueries"][0] | dict.fromkeys(("accountId", "label", "metric"))


ARGUMENTS = {
    "aws.dynamodb.Table": "'t', hash_key='id', billing_mode='PAY_PER_REQUEST', attributes=[{'name': 'id', 'type': 'S'}]",
    "aws.appautoscaling.Target": "'t', service_namespace='dynamodb', resource_id='table/x', min_capacity=1, max_capacity=2, "
    "scalable_dimension='dynamodb:table:ReadCapacityUnits'",
    "aws.appautoscaling.Policy": "'t', service_namespace='dynamodb', resource_id='table/x', policy_type='TargetTrackingScaling', "
    "scalable_dimension='dynamodb:table:ReadCapacityUnits'",
    "aws.cloudwatch.MetricAlarm": "'t', comparison_operator='GreaterThanThreshold', evaluation_periods=1",
    "aws.lambda_.EventSourceMapping": "'t', event_source_arn='arn:aws:dynamodb:eu-west-1:1:table/x/stream/y', function_name='f'",
}
NOT_CREATED = {
    "table class": ("aws.dynamodb.Table", "table_class='STANDARD_INFREQUENT_ACCESS'", "tableClass"),
    "limits": (
        "aws.dynamodb.Table",
        "on_demand_throughput={'max_read_request_units': 1}",
        "onDemandThroughput.maxReadRequestUnits",
    ),
    "replicas": ("aws.dynamodb.Table", "replicas=[{'region_name': 'eu-north-1'}]", "replicas.regionName"),
    "local index": (
        "aws.dynamodb.Table",
        "local_secondary_indexes=[{'name': 'l', 'range_key': 'r', 'projection_type': 'ALL'}]",
        "localSecondaryIndexes.name, localSecondaryIndexes.projectionType, localSecondaryIndexes.rangeKey",
    ),
    "restored": ("aws.dynamodb.Table", "restore_source_name='other'", "restoreSourceName"),
    "another region": ("aws.dynamodb.Table", "region='eu-north-1'", "region"),
    "index's limits": (
        "aws.dynamodb.Table",
        "global_secondary_indexes=[{'name': 'i', 'hash_key': 'id', 'projection_type': 'ALL', "
        "'on_demand_throughput': {'max_read_request_units': 1}}]",
        "globalSecondaryIndexes.onDemandThroughput.maxReadRequestUnits",
    ),
    "suspended": (
        "aws.appautoscaling.Target",
        "suspended_state={'dynamic_scaling_in_suspended': True}",
        "suspendedState.dynamicScalingInSuspended",
    ),
    "tags of a target": ("aws.appautoscaling.Target", "tags={'Owner': 'me'}", "tags.Owner"),
    "step scaling": (
        "aws.appautoscaling.Policy",
        "step_scaling_policy_configuration={'cooldown': 60}",
        "stepScalingPolicyConfiguration.cooldown",
    ),
    "no scaling in": (
        "aws.appautoscaling.Policy",
        "target_tracking_scaling_policy_configuration={'target_value': 70, 'disable_scale_in': True}",
        "targetTrackingScalingPolicyConfiguration.disableScaleIn",
    ),
    "unit of an alarm": ("aws.cloudwatch.MetricAlarm", "unit='Count'", "unit"),
    "metric math": (
        "aws.cloudwatch.MetricAlarm",
        "metric_queries=[{'id': 'a', 'metric': {'metric_name': 'm', 'period': 60, 'stat': 'Sum'}}]",
        "metricQueries.metric.metricName, metricQueries.metric.period, metricQueries.metric.stat",
    ),
    "key of a filter": ("aws.lambda_.EventSourceMapping", "kms_key_arn='arn:aws:kms:x'", "kmsKeyArn"),
}


@pytest.mark.parametrize("case", NOT_CREATED)
def test_what_a_module_does_not_create_stops_the_rehearsal_by_name(program, case):
    class_, argument, paths = NOT_CREATED[case]
    with emulator.embedded("eu-west-1") as clients, pytest.raises(PlanError) as error:
        rehearse(program(f"{class_}({ARGUMENTS[class_]}, {argument})"), clients)

    type_ = {
        "aws.dynamodb.Table": "aws:dynamodb/table:Table",
        "aws.appautoscaling.Target": "aws:appautoscaling/target:Target",
        "aws.appautoscaling.Policy": "aws:appautoscaling/policy:Policy",
        "aws.cloudwatch.MetricAlarm": "aws:cloudwatch/metricAlarm:MetricAlarm",
        "aws.lambda_.EventSourceMapping": "aws:lambda/eventSourceMapping:EventSourceMapping",
    }[class_]
    assert str(error.value) == (
        f"urn:pulumi:dev::demo::{type_}::t can't be rehearsed: ops/aws/resources doesn't create {paths}; run pulumi preview"
    )


def test_what_is_the_providers_default_or_absent_is_created(program):
    defaults = "table_class='STANDARD', region='eu-west-1', ttl={'enabled': False, 'attribute_name': ''}"
    with emulator.embedded("eu-west-1") as clients:
        assert rehearse(program(f"aws.dynamodb.Table({ARGUMENTS['aws.dynamodb.Table']}, {defaults})"), clients).ok


def test_a_resource_without_a_name_gets_one_of_its_own_and_always_the_same():
    def name(parent, **inputs):
        return provider.effective_inputs(a_table(parent, **inputs))["name"]

    assert [name("demo:data:One"), name("demo:data:One"), name("demo:data:Other")] == [
        "t-dcb5ad3",
        "t-dcb5ad3",
        "t-1c9aa47",
    ]
    assert name("demo:data:One", name="things") == "things"


def a_table(parent="demo:data:One", *, from_others=(), **inputs):
    type_, sources = "aws:dynamodb/table:Table", {key: ["key"] for key in from_others}
    urn = f"urn:pulumi:dev::demo::{parent}${type_}::t"
    return programs.registration(type_, "t", urn, inputs=inputs, property_dependencies=sources)


def test_of_what_a_remediation_changes_no_mark_of_check_stays():
    resource = a_table(ttl={"enabled": True, "attributeName": "a"}, replicas=[{"regionName": "eu-north-1"}])
    seen = provider.check(resource).inputs
    changed = {
        **seen,
        "ttl": seen["ttl"] | {"enabled": False},
        "replicas": [seen["replicas"][0] | {"pointInTimeRecovery": True}],
    }

    assert provider.undo_check(resource, seen, changed) == {
        "ttl": {"enabled": False, "attributeName": "a"},
        "replicas": [{"regionName": "eu-north-1", "pointInTimeRecovery": True}],
    }


def test_what_aws_made_for_another_resource_is_not_known_wherever_it_is():
    inputs = {
        "replicas": [{"regionName": "eu-north-1", "kmsKeyArn": "arn:key/1"}],
        "tags": {"Key": "arn:key/1", "n": 1},
    }
    resource = provider.with_unknowns(a_table(from_others=inputs, **inputs), {"key": ["key/1"]})

    assert resource.inputs == {
        "replicas": [{"regionName": "eu-north-1", "kmsKeyArn": UNKNOWN}],
        "tags": {"Key": UNKNOWN, "n": 1},
    }
