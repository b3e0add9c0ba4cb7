"""What is read of an account for a plan: its own tables, and what belongs to them."""

import pytest
from pulumi.runtime.rpc import UNKNOWN

from ops.aws import inventory
from ops.aws.resources import event_source_mapping, metric_alarm, scalable_target, table
from tests import programs

PROGRAM = """
    tables = [
        aws.dynamodb.Table(
            name,
            name=name,
            hash_key="id",
            attributes=[{"name": "id", "type": "S"}],
            billing_mode="PAY_PER_REQUEST",
            stream_enabled=True,
            stream_view_type="KEYS_ONLY",
        )
        for name in ("first", "second")
    ]
    aws.lambda_.EventSourceMapping(
        "m", event_source_arn=tables[1].stream_arn, function_name="notify", starting_position="LATEST"
    )
"""


def create(clients, name):
    """Create a table with a stream and a scalable target; return the ARN of the stream."""
    attributes = [{"name": "id", "type": "S"}]
    shown = {"streamEnabled": True, "streamViewType": "KEYS_ONLY", "readCapacity": 1, "writeCapacity": 1}
    _, outputs = table.create(clients, {"name": name, "hashKey": "id", "attributes": attributes, **shown})
    scalable_target.create(
        clients,
        {
            "serviceNamespace": "dynamodb",
            "resourceId": f"table/{name}",
            "scalableDimension": "dynamodb:table:ReadCapacityUnits",
            "minCapacity": 1,
            "maxCapacity": 2,
        },
    )
    return outputs["streamArn"]


@pytest.fixture
def recorded(program):
    return programs.record(program(PROGRAM))


def streams(declared):
    return [r.inputs["eventSourceArn"] for r in declared if r.type == event_source_mapping.TYPE]


def test_a_stream_that_only_the_account_knows_is_that_of_its_own_table(recorded, clients):
    created = {name: create(clients, name) for name in ("first", "second")}
    declared, _ = inventory.read(recorded, clients)

    assert [r.name for r in declared] == ["first", "second", "m"]
    assert streams(declared) == [created["second"]]
    assert streams(recorded.resources) == [UNKNOWN]


def test_the_stream_of_a_table_that_is_not_there_stays_unknown(recorded, clients):
    create(clients, "first")
    declared, live = inventory.read(recorded, clients)

    assert streams(declared) == [UNKNOWN]
    assert list(live[table.TYPE]) == ["first"]


def test_what_belongs_to_other_tables_is_left_out(recorded, clients):
    for name in ("first", "third"):
        create(clients, name)
    _, live = inventory.read(recorded, clients)

    assert {type_: list(found) for type_, found in live.items()} == {
        table.TYPE: ["first"],
        scalable_target.TYPE: ["dynamodb/table/first/dynamodb:table:ReadCapacityUnits"],
        "aws:appautoscaling/policy:Policy": [],
        event_source_mapping.TYPE: [],
    }


def alarm(clients, name, **dimensions):
    inputs = {"metricName": "m", "namespace": "n", "statistic": "Sum", "period": 60, "dimensions": dimensions}
    threshold = {"comparisonOperator": "GreaterThanThreshold", "threshold": 0, "evaluationPeriods": 1}
    metric_alarm.create(clients, {"name": name, **inputs, **threshold})


def test_of_what_others_share_only_what_is_declared_is_read(program, clients):
    alarms = """

    for name in ("of-table", "of-function", "gone"):
        aws.cloudwatch.MetricAlarm(name, name=name, comparison_operator="GreaterThanThreshold", evaluation_periods=1)
    """
    create(clients, "first")
    alarm(clients, "of-table", TableName="first")
    alarm(clients, "of-function", FunctionName="notify")
    alarm(clients, "of-others", TableName="first")
    recorded = programs.record(program(PROGRAM.replace("\n    aws.lambda_", f"{alarms}\n    aws.lambda_")))
    _, live = inventory.read(recorded, clients)

    assert list(live[metric_alarm.TYPE]) == ["of-table", "of-function"]


def test_what_others_share_is_read_only_where_the_plan_has_some(recorded, clients):
    recorded.resources[:] = [r for r in recorded.resources if r.type != event_source_mapping.TYPE]
    _, live = inventory.read(recorded, clients)

    assert list(live) == [table.TYPE, scalable_target.TYPE, "aws:appautoscaling/policy:Policy"]
