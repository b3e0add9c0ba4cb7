"""aws.appautoscaling.Target."""

from collections.abc import Iterator
from typing import Any

from ops.clients import Clients

TYPE = "aws:appautoscaling/target:Target"
DEFAULTS: dict[str, Any] = {}
# What has one form in both, from the provider's name to Application Auto Scaling's.
_SAME_FORM = {
    name: name[0].upper() + name[1:]
    for name in ("serviceNamespace", "resourceId", "scalableDimension", "minCapacity", "maxCapacity")
}


def identity(inputs: dict[str, Any]) -> str:
    """Return what pulumi import takes, too: namespace/resource id/dimension."""
    return "/".join(inputs[key] for key in ("serviceNamespace", "resourceId", "scalableDimension"))


import_id = identity


def table_name(inputs: dict[str, Any]) -> str:
    """Return the name of the table in table/NAME or table/NAME/index/INDEX."""
    return inputs["resourceId"].split("/")[1] if inputs["resourceId"].startswith("table/") else ""


def create(clients: Clients, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Register a scalable target."""
    response = clients("application-autoscaling").register_scalable_target(
        **{key: inputs.get(name) for name, key in _SAME_FORM.items()}
    )
    return inputs["resourceId"], {**inputs, "arn": response.get("ScalableTargetARN", "")}


def read(clients: Clients, _: object, _each: object) -> Iterator[dict[str, Any]]:
    """Yield all scalable targets of tables and of indexes, each as provider inputs."""
    pages = (
        clients("application-autoscaling")
        .get_paginator("describe_scalable_targets")
        .paginate(ServiceNamespace="dynamodb")
    )
    for page in pages:
        for target in page["ScalableTargets"]:
            suspended = target.get("SuspendedState", {})
            yield {
                **{name: target[key] for name, key in _SAME_FORM.items()},
                "suspendedState": {key[0].lower() + key[1:]: value for key, value in suspended.items()},
            }
