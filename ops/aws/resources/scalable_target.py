"""aws.appautoscaling.Target."""

from collections.abc import Iterator
from typing import Any

from pulumi.runtime.rpc import UNKNOWN

from ops.aws.clients import Clients
from ops.engine.plan import Registration

TYPE: str = "aws:appautoscaling/target:Target"
KIND: str = "scalable target"
DEFAULTS: dict[str, Any] = {}
REPLACES: set[str] = set()
CHECKED: dict[str, Any] = {}
OUTPUTS: dict[str, Any] = {
    **dict.fromkeys(("arn", "id", "roleArn", "suspendedState", "tagsAll"), UNKNOWN),
    "tags": None,
}
# What has one form in both, from the provider's name to Application Auto Scaling's.
_SAME_FORM = {
    name: name[0].upper() + name[1:]
    for name in ("serviceNamespace", "resourceId", "scalableDimension", "minCapacity", "maxCapacity")
}
CREATES: set[str] = set(_SAME_FORM)


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
    return inputs["resourceId"], {"arn": response.get("ScalableTargetARN", "")}


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


def tolerates(_resource: Registration, _path: str, _declared: object, _live: object, _plan: list[Registration]) -> bool:
    """Tolerate nothing."""
    return False
