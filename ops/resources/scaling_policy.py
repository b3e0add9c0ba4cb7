"""aws.appautoscaling.Policy, of the type TargetTrackingScaling."""

from typing import Any

from ops.clients import Clients
from ops.resources import scalable_target

TYPE = "aws:appautoscaling/policy:Policy"
DEFAULTS: dict[str, Any] = {}
CONFIGURATION = "targetTrackingScalingPolicyConfiguration"


def import_id(inputs: dict[str, Any]) -> str:
    """Return what pulumi import takes: its target's import id/name."""
    return f"{scalable_target.import_id(inputs)}/{inputs['name']}"


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


def read(clients: Clients, inputs: dict[str, Any]) -> dict[str, Any] | None:
    """Read a scaling policy by its name, resource id and dimension."""
    policies = clients("application-autoscaling").describe_scaling_policies(
        ServiceNamespace=inputs["serviceNamespace"],
        ResourceId=inputs["resourceId"],
        ScalableDimension=inputs["scalableDimension"],
        PolicyNames=[inputs["name"]],
    )["ScalingPolicies"]
    for policy in policies:
        configuration = policy["TargetTrackingScalingPolicyConfiguration"]
        return {
            "name": policy["PolicyName"],
            "policyType": policy["PolicyType"],
            "serviceNamespace": policy["ServiceNamespace"],
            "resourceId": policy["ResourceId"],
            "scalableDimension": policy["ScalableDimension"],
            CONFIGURATION: {
                "predefinedMetricSpecification": {
                    "predefinedMetricType": configuration["PredefinedMetricSpecification"]["PredefinedMetricType"]
                },
                "targetValue": configuration["TargetValue"],
                "scaleInCooldown": configuration.get("ScaleInCooldown"),
                "scaleOutCooldown": configuration.get("ScaleOutCooldown"),
            },
        }
    return None
