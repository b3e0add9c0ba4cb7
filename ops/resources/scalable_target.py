"""aws.appautoscaling.Target."""

from collections.abc import Iterable, Iterator
from typing import Any

from ops.clients import Clients

TYPE = "aws:appautoscaling/target:Target"
DEFAULTS: dict[str, Any] = {}


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
        ServiceNamespace=inputs.get("serviceNamespace"),
        ResourceId=inputs.get("resourceId"),
        ScalableDimension=inputs.get("scalableDimension"),
        MinCapacity=inputs.get("minCapacity"),
        MaxCapacity=inputs.get("maxCapacity"),
    )
    return inputs["resourceId"], {**inputs, "arn": response.get("ScalableTargetARN", "")}


def read(clients: Clients, tables: Iterable[str], _: object) -> Iterator[dict[str, Any]]:
    """Yield all scalable targets of the tables and of their indexes, each as provider inputs."""
    wanted = set(tables)
    pages = (
        clients("application-autoscaling")
        .get_paginator("describe_scalable_targets")
        .paginate(ServiceNamespace="dynamodb")
    )
    for page in pages:
        for target in page["ScalableTargets"]:
            live = {
                "serviceNamespace": target["ServiceNamespace"],
                "resourceId": target["ResourceId"],
                "scalableDimension": target["ScalableDimension"],
                "minCapacity": target["MinCapacity"],
                "maxCapacity": target["MaxCapacity"],
                "suspendedState": {
                    key[0].lower() + key[1:]: value for key, value in target.get("SuspendedState", {}).items()
                },
            }
            if table_name(live) in wanted:
                yield live
