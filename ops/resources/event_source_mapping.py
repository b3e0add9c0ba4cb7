"""aws.lambda.EventSourceMapping, from a table's stream to a Lambda function."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ops.clients import Clients

TYPE = "aws:lambda/eventSourceMapping:EventSourceMapping"
# Lambda API reference, CreateEventSourceMapping; -1 is for ever.
DEFAULTS = {
    "uuid": ...,
    "batchSize": 100,
    "enabled": True,
    "maximumRecordAgeInSeconds": -1,
    "maximumRetryAttempts": -1,
    "parallelizationFactor": 1,
}
# What has one form in both, from the provider's name to Lambda's.
_SAME_FORM = {
    name: name[0].upper() + name[1:]
    for name in (
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
}
_EMPTY_ZIP = b"PK\x05\x06" + bytes(18)


def identity(inputs: dict[str, Any]) -> str:
    """Return the stream's table and the function's name."""
    return f"{table_name(inputs)} {_function(inputs)}"


def import_id(inputs: dict[str, Any]) -> str:
    """Return what pulumi import takes: the UUID, which only the account knows."""
    return inputs.get("uuid", "")


def table_name(inputs: dict[str, Any]) -> str:
    """Return the name of the table in arn:...:table/NAME/stream/LABEL."""
    stream = re.search(":table/(.+)/stream/", inputs["eventSourceArn"])
    return stream[1] if stream else ""


def create(clients: Clients, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Map a stream to a function, and make that first: a placeholder, as the real one is another stack's."""
    name, aws_lambda = _function(inputs), clients("lambda")
    role = clients("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]
    aws_lambda.create_function(
        FunctionName=name, Runtime="python3.13", Handler="none", Role=role["Arn"], Code={"ZipFile": _EMPTY_ZIP}
    )
    filters = inputs.get("filterCriteria", {}).get("filters", [])
    destination = inputs.get("destinationConfig", {}).get("onFailure", {}).get("destinationArn")
    mapping = aws_lambda.create_event_source_mapping(
        FunctionName=name,
        Enabled=inputs.get("enabled", True),
        FilterCriteria={"Filters": [{"Pattern": each.get("pattern")} for each in filters]},
        DestinationConfig={"OnFailure": {"Destination": destination} if destination else {}},
        **{key: inputs[name] for name, key in _SAME_FORM.items() if name in inputs},
    )
    return mapping["UUID"], {**inputs, "uuid": mapping["UUID"]}


def read(clients: Clients, tables: Iterable[str], _: object) -> Iterator[dict[str, Any]]:
    """Yield all mappings of the tables' streams, each as provider inputs, with the function's ARN for its name."""
    wanted = set(tables)
    for page in clients("lambda").get_paginator("list_event_source_mappings").paginate():
        for mapping in page["EventSourceMappings"]:
            filters = (mapping.get("FilterCriteria") or {}).get("Filters", [])
            on_failure = (mapping.get("DestinationConfig") or {}).get("OnFailure", {})
            live = {
                **{name: mapping.get(key) for name, key in _SAME_FORM.items()},
                "uuid": mapping["UUID"],
                "functionName": mapping["FunctionArn"],
                "enabled": mapping["State"] not in {"Disabled", "Disabling", "Deleting"},
                "filterCriteria": {"filters": [{"pattern": each["Pattern"]} for each in filters]},
                "destinationConfig": {"onFailure": {"destinationArn": on_failure.get("Destination")}},
            }
            # Other sources than streams have no ARN, or another one.
            if live["eventSourceArn"] and table_name(live) in wanted:
                yield live


def _function(inputs: dict[str, Any]) -> str:
    return inputs["functionName"].rpartition(":")[2]
