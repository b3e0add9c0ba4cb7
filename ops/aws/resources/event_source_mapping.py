"""aws.lambda.EventSourceMapping, from a table's stream to a Lambda function."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi.runtime.rpc import UNKNOWN

from ops.aws.clients import Clients
from ops.aws.resources.names import api_names
from ops.engine.plan import Registration

TYPE: str = "aws:lambda/eventSourceMapping:EventSourceMapping"
KIND: str = "event source mapping"
# Lambda API reference, CreateEventSourceMapping. -1 means without a limit.
DEFAULTS: dict[str, Any] = {
    "uuid": ...,
    "batchSize": 100,
    "enabled": True,
    "maximumRecordAgeInSeconds": -1,
    "maximumRetryAttempts": -1,
    "parallelizationFactor": 1,
}
_API_NAMES = api_names(
    "batchSize",
    "bisectBatchOnFunctionError",
    "eventSourceArn",
    "functionResponseTypes",
    "maximumBatchingWindowInSeconds",
    "maximumRecordAgeInSeconds",
    "maximumRetryAttempts",
    "parallelizationFactor",
    "startingPosition",
    "tumblingWindowInSeconds",
)
# ForceNew in terraform-provider-aws.
REPLACES: set[str] = {"eventSourceArn", "startingPosition"}
CHECKED: dict[str, Any] = {"enabled": True}
# _COMPUTED are Computed in terraform-provider-aws, and _UNSET are the other attributes.
_COMPUTED = (
    *("amazonManagedKafkaEventSourceConfig", "arn", "functionArn", "id", "lastModified", "lastProcessingResult"),
    *("maximumRecordAgeInSeconds", "maximumRetryAttempts", "parallelizationFactor", "provisionedPollerConfig"),
    *("selfManagedKafkaEventSourceConfig", "state", "stateTransitionReason", "tagsAll", "uuid"),
)
_UNSET = (
    *("batchSize", "bisectBatchOnFunctionError", "destinationConfig", "documentDbEventSourceConfig"),
    *("filterCriteria", "functionResponseTypes", "kmsKeyArn", "maximumBatchingWindowInSeconds", "metricsConfig"),
    *("queues", "scalingConfig", "selfManagedEventSource", "startingPosition", "startingPositionTimestamp"),
    *("tags", "topics", "tumblingWindowInSeconds"),
)
OUTPUTS: dict[str, Any] = {
    **dict.fromkeys(_COMPUTED, UNKNOWN),
    **dict.fromkeys(_UNSET),
    "sourceAccessConfigurations": [],
}
CREATES: set[str] = {
    *("enabled", "functionName", "filterCriteria.filters.pattern", "destinationConfig.onFailure.destinationArn"),
    *_API_NAMES,
}
_EMPTY_ZIP = b"PK\x05\x06" + bytes(18)


def identity(inputs: dict[str, Any]) -> str:
    """Return the name of the stream's table, and of the function without its version or alias."""
    return f"{table_name(inputs)} {_function(inputs['functionName']).partition(':')[0]}"


def import_id(inputs: dict[str, Any]) -> str:
    """Return the UUID. Only the account knows it."""
    return inputs.get("uuid", "")


def table_name(inputs: dict[str, Any]) -> str:
    """Return the name of the table in arn:...:table/NAME/stream/LABEL."""
    stream = re.search(":table/(.+)/stream/", inputs.get("eventSourceArn") or "")
    return stream[1] if stream else ""


def create(clients: Clients, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Create a placeholder for the function, and map the stream to it."""
    create_function(clients, inputs)
    mapping = clients("lambda").create_event_source_mapping(**parameters(inputs))
    return mapping["UUID"], {"uuid": mapping["UUID"]}


def create_function(clients: Clients, inputs: dict[str, Any]) -> None:
    """Create a placeholder for the function, which belongs to another stack, unless it exists."""
    name, aws_lambda = _function(inputs["functionName"]), clients("lambda")
    try:
        aws_lambda.get_function(FunctionName=name)
    except aws_lambda.exceptions.ResourceNotFoundException:
        role = clients("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        aws_lambda.create_function(
            FunctionName=name, Runtime="python3.13", Handler="none", Role=role, Code={"ZipFile": _EMPTY_ZIP}
        )


def parameters(inputs: dict[str, Any]) -> dict[str, Any]:
    """Return what CreateEventSourceMapping takes, the function by its name."""
    filters = inputs.get("filterCriteria", {}).get("filters", [])
    destination = inputs.get("destinationConfig", {}).get("onFailure", {}).get("destinationArn")
    return {
        "FunctionName": _function(inputs["functionName"]),
        "Enabled": inputs.get("enabled", True),
        "FilterCriteria": {"Filters": [{"Pattern": item.get("pattern")} for item in filters]},
        "DestinationConfig": {"OnFailure": {"Destination": destination} if destination else {}},
        **{key: inputs[property_] for property_, key in _API_NAMES.items() if property_ in inputs},
    }


def read(clients: Clients, _: object, _map: object) -> Iterator[dict[str, Any]]:
    """Yield the provider inputs of all event source mappings.

    Several may have the same identity, and callers use the last. So the order is by stream, oldest first, and then the
    function without an alias comes last.
    """
    pages = clients("lambda").get_paginator("list_event_source_mappings").paginate()
    mappings = [_inputs(mapping) for page in pages for mapping in page["EventSourceMappings"]]
    yield from sorted(mappings, key=lambda live: (live["eventSourceArn"] or "", ":" not in live["functionName"]))


def _inputs(mapping: Mapping[str, Any]) -> dict[str, Any]:
    filters = (mapping.get("FilterCriteria") or {}).get("Filters", [])
    on_failure = (mapping.get("DestinationConfig") or {}).get("OnFailure", {})
    return {
        **{name: mapping.get(key) for name, key in _API_NAMES.items()},
        "uuid": mapping["UUID"],
        "functionName": _function(mapping["FunctionArn"]),
        "enabled": mapping["State"] not in {"Disabled", "Disabling", "Deleting"},
        "filterCriteria": {"filters": [{"pattern": item["Pattern"]} for item in filters]},
        "destinationConfig": {"onFailure": {"destinationArn": on_failure.get("Destination")}},
    }


def _function(name_or_arn: str) -> str:
    return name_or_arn.rpartition(":function:")[2]


def tolerates(_resource: Registration, path: str, declared: object, live: object, _plan: list[Registration]) -> bool:
    """Tolerate a function that is declared by its ARN. The live value is only the name, in the same account."""
    return path == "functionName" and str(declared).endswith(f":function:{live}")
