"""aws.appautoscaling.Target."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi.runtime.rpc import UNKNOWN

from ops.aws.clients import Clients
from ops.aws.resources.names import api_names
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
_API_NAMES = api_names("serviceNamespace", "resourceId", "scalableDimension", "minCapacity", "maxCapacity")
CREATES: set[str] = set(_API_NAMES)


def identity(inputs: dict[str, Any]) -> str:
    """Return NAMESPACE/RESOURCE ID/DIMENSION, which is also the import id."""
    return "/".join(inputs[key] for key in ("serviceNamespace", "resourceId", "scalableDimension"))


import_id = identity


def ids(table: str | None, index: str, access: str) -> dict[str, str]:
    """Return the resource id and the dimension of a target of a table, or of its index. `access` is read or write."""
    return {
        "resourceId": f"table/{table}" + (f"/index/{index}" if index else ""),
        "scalableDimension": f"dynamodb:{'index' if index else 'table'}:{access.title()}CapacityUnits",
    }


def table_name(inputs: dict[str, Any]) -> str:
    """Return the name of the table in table/NAME or table/NAME/index/INDEX."""
    return inputs["resourceId"].split("/")[1] if inputs["resourceId"].startswith("table/") else ""


def create(clients: Clients, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Register a scalable target."""
    request: dict[str, Any] = {key: inputs.get(name) for name, key in _API_NAMES.items()}
    response = clients("application-autoscaling").register_scalable_target(**request)
    return inputs["resourceId"], {"arn": response.get("ScalableTargetARN", "")}


def read(clients: Clients, _: object, _map: object) -> Iterator[dict[str, Any]]:
    """Yield the provider inputs of all scalable targets for DynamoDB."""
    paginator = clients("application-autoscaling").get_paginator("describe_scalable_targets")
    for page in paginator.paginate(ServiceNamespace="dynamodb"):
        yield from map(_inputs, page["ScalableTargets"])


def _inputs(target: Mapping[str, Any]) -> dict[str, Any]:
    suspended = target.get("SuspendedState", {})
    return {
        **{name: target[key] for name, key in _API_NAMES.items()},
        "suspendedState": {key[0].lower() + key[1:]: value for key, value in suspended.items()},
    }


def tolerates(_resource: Registration, _path: str, _declared: object, _live: object, _plan: list[Registration]) -> bool:
    """Tolerate no difference."""
    return False
