"""aws.appautoscaling.Policy, of the type TargetTrackingScaling."""

from collections.abc import Iterator
from typing import Any

from ops.clients import Clients
from ops.resources import scalable_target

TYPE = "aws:appautoscaling/policy:Policy"
DEFAULTS: dict[str, Any] = {}
CONFIGURATION = "targetTrackingScalingPolicyConfiguration"


def identity(inputs: dict[str, Any]) -> str:
    """Return what pulumi import takes, too: its target's import id/name."""
    return f"{scalable_target.identity(inputs)}/{inputs['name']}"


import_id = identity


def table_name(inputs: dict[str, Any]) -> str:
    """Return the name of the table whose capacity, or whose index's, the policy scales."""
    return scalable_target.table_name(inputs)


def create(clients: Clients, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Put a scaling policy on a scalable target."""
    configuration = inputs.get(CONFIGURATION, {})
    metric = configuration.get("predefinedMetricSpecification", {})
    cooldowns = {"ScaleInCooldown": "scaleInCooldown", "ScaleOutCooldown": "scaleOutCooldown"}
    response = clients("application-autoscaling").put_scaling_policy(
        PolicyName=inputs.get("name"),
        PolicyType=inputs.get("policyType"),
        ServiceNamespace=inputs.get("serviceNamespace"),
        ResourceId=inputs.get("resourceId"),
        ScalableDimension=inputs.get("scalableDimension"),
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": configuration.get("targetValue"),
            "PredefinedMetricSpecification": {"PredefinedMetricType": metric.get("predefinedMetricType")},
            **{key: configuration[name] for key, name in cooldowns.items() if name in configuration},
        },
    )
    return inputs["name"], {**inputs, "arn": response["PolicyARN"]}


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
