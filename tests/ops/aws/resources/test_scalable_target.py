from typing import Any

import pytest

from ops.aws import resources
from ops.aws.resources import scalable_target, table

TARGET: dict[str, Any] = {
    "serviceNamespace": "dynamodb",
    "resourceId": "table/things",
    "scalableDimension": "dynamodb:table:ReadCapacityUnits",
    "minCapacity": 2,
    "maxCapacity": 9,
}
INDEX = TARGET | {"resourceId": "table/things/index/by-day", "scalableDimension": "dynamodb:index:WriteCapacityUnits"}


@pytest.fixture
def scaled(clients):
    """Return clients of an account with a table and its index."""
    index = {"name": "by-day", "hashKey": "id", "projectionType": "ALL", "readCapacity": 1, "writeCapacity": 1}
    attributes = [{"name": "id", "type": "S"}]
    capacity = {"readCapacity": 1, "writeCapacity": 1, "globalSecondaryIndexes": [index]}
    table.create(clients, {"name": "things", "hashKey": "id", "attributes": attributes, **capacity})
    return clients


def read(clients):
    return list(scalable_target.read(clients, ["things"], map))


def test_targets_of_a_table_and_of_its_index_are_created_and_read(scaled):
    id_, outputs = scalable_target.create(scaled, TARGET)
    scalable_target.create(scaled, INDEX)

    assert (id_, list(outputs)) == ("table/things", ["arn"])
    assert outputs["arn"].startswith("arn:aws:application-autoscaling:eu-west-1:123456789012:scalable-target/")
    found = {live["resourceId"]: live for live in read(scaled)}
    assert [found[inputs["resourceId"]].items() >= inputs.items() for inputs in (TARGET, INDEX)] == [True, True]
    assert set(TARGET) == scalable_target.CREATES


def test_what_is_suspended_is_read(scaled):
    scaled("application-autoscaling").register_scalable_target(
        ServiceNamespace="dynamodb",
        ResourceId="table/things",
        ScalableDimension="dynamodb:table:ReadCapacityUnits",
        MinCapacity=2,
        MaxCapacity=9,
        SuspendedState={"DynamicScalingInSuspended": True, "ScheduledScalingSuspended": False},
    )

    assert read(scaled) == [
        TARGET | {"suspendedState": {"dynamicScalingInSuspended": True, "scheduledScalingSuspended": False}}
    ]


@pytest.mark.parametrize(
    ("resource_id", "name"),
    [
        pytest.param("table/things", "things", id="a table"),
        pytest.param("table/things/index/by-day", "things", id="an index"),
        pytest.param("service/things", "", id="another service"),
        pytest.param("things/table/x", "", id="no table"),
    ],
)
def test_the_table_of_a_target_is_in_its_id(resource_id, name):
    assert scalable_target.table_name(TARGET | {"resourceId": resource_id}) == name


def test_a_target_is_told_and_imported_by_namespace_id_and_dimension():
    id_ = "dynamodb/table/things/index/by-day/dynamodb:index:WriteCapacityUnits"

    assert (scalable_target.identity(INDEX), scalable_target.import_id(INDEX)) == (id_, id_)
    assert resources.module(scalable_target.TYPE) is scalable_target


def test_nothing_is_tolerated():
    assert not scalable_target.tolerates(None, "maxCapacity", 9, 10, [])  # ty: ignore[invalid-argument-type]
