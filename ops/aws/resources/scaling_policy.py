"""aws.appautoscaling.Policy, of the type TargetTrackingScaling."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi.runtime.rpc import UNKNOWN

from ops.aws.clients import Clients
from ops.aws.resources import scalable_target
from ops.aws.resources.names import api_names
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
_API_NAMES = {"name": "PolicyName"} | api_names("policyType", "serviceNamespace", "resourceId", "scalableDimension")
_CREATED = api_names("targetValue", "scaleInCooldown", "scaleOutCooldown")
CREATES: set[str] = {
    *_API_NAMES,
    f"{CONFIGURATION}.predefinedMetricSpecification.predefinedMetricType",
    *(f"{CONFIGURATION}.{name}" for name in _CREATED),
}


def identity(inputs: dict[str, Any]) -> str:
    """Return the import id of the scalable target, a slash, and the policy's name."""
    return f"{scalable_target.identity(inputs)}/{inputs['name']}"


def import_id(inputs: dict[str, Any]) -> str:
    """Return the identity, if the inputs have a name."""
    return identity(inputs) if "name" in inputs else ""


def table_name(inputs: dict[str, Any]) -> str:
    """Return the name of the table that is scaled, or of the table of the index."""
    return scalable_target.table_name(inputs)


def create(clients: Clients, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Put a scaling policy on a scalable target."""
    response = clients("application-autoscaling").put_scaling_policy(**parameters(inputs))
    return inputs["name"], {"arn": response["PolicyARN"]}


def parameters(inputs: dict[str, Any]) -> dict[str, Any]:
    """Return what PutScalingPolicy takes."""
    configuration = inputs.get(CONFIGURATION, {})
    metric = configuration.get("predefinedMetricSpecification", {})
    request: dict[str, Any] = {key: inputs.get(name) for name, key in _API_NAMES.items()}
    request["TargetTrackingScalingPolicyConfiguration"] = {
        "PredefinedMetricSpecification": {"PredefinedMetricType": metric.get("predefinedMetricType")},
        **{key: configuration[name] for name, key in _CREATED.items() if name in configuration},
    }
    return request


def read(clients: Clients, _: object, _map: object) -> Iterator[dict[str, Any]]:
    """Yield the provider inputs of all scaling policies for DynamoDB."""
    paginator = clients("application-autoscaling").get_paginator("describe_scaling_policies")
    for page in paginator.paginate(ServiceNamespace="dynamodb"):
        yield from map(_inputs, page["ScalingPolicies"])


def _inputs(policy: Mapping[str, Any]) -> dict[str, Any]:
    configuration = policy.get("TargetTrackingScalingPolicyConfiguration", {})
    metric = configuration.get("PredefinedMetricSpecification", {})
    return {
        **{name: policy[key] for name, key in _API_NAMES.items()},
        CONFIGURATION: {
            "predefinedMetricSpecification": {"predefinedMetricType": metric.get("PredefinedMetricType")},
            **{name: configuration.get(key) for name, key in _CREATED.items()},
            "disableScaleIn": configuration.get("DisableScaleIn"),
        },
    }


def tolerates(_resource: Registration, _path: str, _declared: object, _live: object, _plan: list[Registration]) -> bool:
    """Tolerate no difference."""
    return False
