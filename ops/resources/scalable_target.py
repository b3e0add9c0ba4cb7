"""aws.appautoscaling.Target."""

from typing import Any

from ops.clients import Clients

TYPE = "aws:appautoscaling/target:Target"
DEFAULTS: dict[str, Any] = {}


def import_id(inputs: dict[str, Any]) -> str:
    """Return what pulumi import takes: namespace/resource id/dimension."""
    return "/".join(inputs[key] for key in ("serviceNamespace", "resourceId", "scalableDimension"))


def create(clients: Clients, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Register a scalable target."""
    response = clients("application-autoscaling").register_scalable_target(
        ServiceNamespace=inputs.get("serviceNamespace"),
        ResourceId=inputs.get("resourceId"),
        ScalableDimension=inputs.get("scalableDimension"),
        MinCapacity=inputs.get("minCapacity"),
        MaxCapacity=inputs.get("maxCapacity"),
    )
    return inputs["resourceId"], {**inputs, "arn": response.get("ScalableTargetARN", "")}


def read(clients: Clients, inputs: dict[str, Any]) -> dict[str, Any] | None:
    """Read the scalable target of a resource id and dimension."""
    targets = clients("application-autoscaling").describe_scalable_targets(
        ServiceNamespace=inputs["serviceNamespace"],
        ResourceIds=[inputs["resourceId"]],
        ScalableDimension=inputs["scalableDimension"],
    )["ScalableTargets"]
    for target in targets:
        return {
            "serviceNamespace": target["ServiceNamespace"],
            "resourceId": target["ResourceId"],
            "scalableDimension": target["ScalableDimension"],
            "minCapacity": target["MinCapacity"],
            "maxCapacity": target["MaxCapacity"],
        }
    return None
