"""aws.appautoscaling.Policy, of the type TargetTrackingScaling."""

from collections.abc import Iterator
from typing import Any

from pulumi.runtime.rpc import UNKNOWN

from ops.aws.clients import Clients
from ops.aws.resources import scalable_target
from ops.engine.plan import Registration

TYPE: str = "aws:appautoscaling/policy:Policy"
KIND: str = "scaling policy"
CONFIGURATION = "targetTrackingScalingPolicyConfiguration"
DEFAULTS: dict[str, Any] = {}
REPLACES: set[str] = set()
CHECKED: dict[str, Any] = {"policyType": "StepScaling"}
_UNSET = ("predefinedMetricSpecification", "predefinedMetricSpecification.resourceLabel", "scaleInCooldown")
OUTPUTS: dict[str, Any] = {
    **dict.fromkeys(("alarmArns", "arn", "id"), UNKNOWN),
    **dict.fromkeys((CONFIGURATION, "stepScalingPolicyConfiguration")),
    **dict.fromkeys(
        f"{CONFIGURATION}.{name}" for name in (*_UNSET, "scaleOutCooldown", "customizedMetricSpecification")
    ),
    f"{CONFIGURATION}.disableScaleIn": False,
}
CREATES: set[str] = {
    *("name", "policyType", "serviceNamespace", "resourceId", "scalableDimension"),
    f"{CONFIGURATION}.predefinedMetricSpecification.predefinedMetricType",
    *(f"{CONFIGURATION}.{name}" for name in ("targetValue", "scaleInCooldown", "scaleOutCooldown")),
}


def identity(inputs: dict[str, Any]) -> str:
    """Return its target's import id, and its name."""
    return f"{scalable_target.identity(inputs)}/{inputs['name']}"


def import_id(inputs: dict[str, Any]) -> str:
    """Return what pulumi import takes: its target's import id/name."""
    return identity(inputs) if "name" in inputs else ""


def table_name(inputs: dict[str, Any]) -> str:
    """Return the name of the table whose capacity, or whose index's, the policy scales."""
    return scalable_target.table_name(inputs)


def create(clients: Clients, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Put a scaling policy on a scalable target."""
    response = clients("application-autoscaling").put_scaling_policy(**parameters(inputs))
    return inputs["name"], {"arn": response["PolicyARN"]}


def parameters(inputs: dict[str, Any]) -> dict[str, Any]:
    """Return what PutScalingPolicy takes."""
    configuration = inputs.get(CONFIGURATION, {})
    metric = configuration.get("predefinedMetricSpecification", {})
    cooldowns = {"ScaleInCooldown": "scaleInCooldown", "ScaleOutCooldown": "scaleOutCooldown"}
    return {
        "PolicyName": inputs.get("name"),
        "PolicyType": inputs.get("policyType"),
        "ServiceNamespace": inputs.get("serviceNamespace"),
        "ResourceId": inputs.get("resourceId"),
        "ScalableDimension": inputs.get("scalableDimension"),
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": configuration.get("targetValue"),
            "PredefinedMetricSpecification": {"PredefinedMetricType": metric.get("predefinedMetricType")},
            **{key: configuration[name] for key, name in cooldowns.items() if name in configuration},
        },
    }


def read(clients: Clients, _: object, _each: object) -> Iterator[dict[str, Any]]:
    """Yield all scaling policies of tables and of indexes, each as provider inputs."""
    pages = (
        clients("application-autoscaling")
        .get_paginator("describe_scaling_policies")
        .paginate(ServiceNamespace="dynamodb")
    )
    for page in pages:
        yield from map(_inputs, page["ScalingPolicies"])


def _inputs(policy: dict[str, Any]) -> dict[str, Any]:
    configuration = policy.get("TargetTrackingScalingPolicyConfiguration", {})
    return {
        "name": policy["PolicyName"],
        "policyType": policy["PolicyType"],
        "serviceNamespace": policy["ServiceNamespace"],
        "resourceId": policy["ResourceId"],
        "scalableDimension": policy["ScalableDimension"],
        CONFIGURATION: {
            "predefinedMetricSpecification": {
                "predefinedMetricType": configuration.get("PredefinedMetricSpecification", {}).get(
                    "PredefinedMetricType"
                )
            },
            "targetValue": configuration.get("TargetValue"),
            "scaleInCooldown": configuration.get("ScaleInCooldown"),
            "scaleOutCooldown": configuration.get("ScaleOutCooldown"),
            "disableScaleIn": configuration.get("DisableScaleIn"),
        },
    }


def tolerates(_resource: Registration, _path: str, _declared: object, _live: object, _plan: list[Registration]) -> bool:
    """Tolerate nothing."""
    return False
