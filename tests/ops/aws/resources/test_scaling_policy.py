from typing import Any

import pytest

from ops.aws import resources
from ops.aws.resources import scalable_target, scaling_policy, table

POLICY: dict[str, Any] = {
    "name": "reads",
    "policyType": "TargetTrackingScaling",
    "serviceNamespace": "dynamodb",
    "resourceId": "table/things",
    "scalableDimension": "dynamodb:table:ReadCapacityUnits",
    scaling_policy.CONFIGURATION: {
        "predefinedMetricSpecification": {"predefinedMetricType": "DynamoDBReadCapacityUtilization"},
        "targetValue": 55,
        "scaleInCooldown": 120,
        "scaleOutCooldown": 30,
    },
}
ID = "dynamodb/table/things/dynamodb:table:ReadCapacityUnits/reads"


@pytest.fixture
def scaled(clients):
    """Return clients of an account with a table whose reads have a target."""
    attributes = [{"name": "id", "type": "S"}]
    table.create(
        clients, {"name": "things", "hashKey": "id", "attributes": attributes, "readCapacity": 1, "writeCapacity": 1}
    )
    scalable_target.create(clients, POLICY | {"minCapacity": 1, "maxCapacity": 9})
    return clients


def read(clients):
    return list(scaling_policy.read(clients, ["things"], map))


def test_a_policy_is_created_and_read_with_all_its_properties(scaled):
    id_, outputs = scaling_policy.create(scaled, POLICY)

    assert (id_, list(outputs)) == ("reads", ["arn"])
    assert outputs["arn"].startswith("arn:aws:autoscaling:eu-west-1:123456789012:scalingPolicy:")
    configuration = POLICY[scaling_policy.CONFIGURATION] | {"disableScaleIn": None}
    assert read(scaled) == [POLICY | {scaling_policy.CONFIGURATION: configuration}]


def test_cooldowns_may_be_left_to_aws(scaled):
    configuration = {
        key: value for key, value in POLICY[scaling_policy.CONFIGURATION].items() if not key.endswith("Cooldown")
    }
    scaling_policy.create(scaled, POLICY | {scaling_policy.CONFIGURATION: configuration})

    assert read(scaled)[0][scaling_policy.CONFIGURATION] == configuration | dict.fromkeys(
        ("scaleInCooldown", "scaleOutCooldown", "disableScaleIn")
    )


def test_a_policy_that_does_not_scale_in_is_read_as_such(scaled):
    scaled("application-autoscaling").put_scaling_policy(
        PolicyName="reads",
        PolicyType="TargetTrackingScaling",
        ServiceNamespace="dynamodb",
        ResourceId="table/things",
        ScalableDimension="dynamodb:table:ReadCapacityUnits",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 55,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBReadCapacityUtilization"},
            "DisableScaleIn": True,
        },
    )

    assert read(scaled)[0][scaling_policy.CONFIGURATION]["disableScaleIn"] is True


def test_a_policy_is_told_and_imported_by_its_target_and_its_name():
    assert (scaling_policy.identity(POLICY), scaling_policy.import_id(POLICY)) == (ID, ID)
    assert scaling_policy.import_id({key: POLICY[key] for key in POLICY if key != "name"}) == ""
    assert scaling_policy.table_name(POLICY) == "things"
    assert resources.module(scaling_policy.TYPE) is scaling_policy


def test_nothing_is_tolerated():
    assert not scaling_policy.tolerates(None, "name", "x", "y", [])  # ty: ignore[invalid-argument-type]
