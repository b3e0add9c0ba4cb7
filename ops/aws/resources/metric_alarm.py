"""aws.cloudwatch.MetricAlarm, on one metric or on a Metrics Insights query."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi.runtime.rpc import UNKNOWN

from ops.aws.clients import Clients
from ops.aws.resources.names import api_names
from ops.engine.plan import Registration

TYPE: str = "aws:cloudwatch/metricAlarm:MetricAlarm"
KIND: str = "metric alarm"
CHECKED: dict[str, Any] = {"actionsEnabled": True, "treatMissingData": "missing"}
DEFAULTS: dict[str, Any] = CHECKED
REPLACES: set[str] = set()
# _COMPUTED are Computed in terraform-provider-aws, and _UNSET are the other attributes.
_COMPUTED = ("arn", "evaluateLowSampleCountPercentiles", "id", "tagsAll")
_UNSET = (
    *("alarmActions", "alarmDescription", "datapointsToAlarm", "dimensions", "evaluationCriteria"),
    *("evaluationInterval", "evaluationWindow", "extendedStatistic", "insufficientDataActions", "metricName"),
    *("metricQueries", "namespace", "okActions", "period", "statistic", "tags", "threshold", "thresholdMetricId"),
    *("unit", "warmUpConfiguration", "metricQueries.accountId", "metricQueries.expression", "metricQueries.label"),
    *("metricQueries.metric", "metricQueries.period"),
)
OUTPUTS: dict[str, Any] = {
    **dict.fromkeys(_COMPUTED, UNKNOWN),
    **dict.fromkeys(_UNSET),
    "metricQueries.returnData": False,
}
_API_NAMES = {"name": "AlarmName", "okActions": "OKActions"} | api_names(
    "actionsEnabled",
    "alarmActions",
    "alarmDescription",
    "comparisonOperator",
    "datapointsToAlarm",
    "evaluationPeriods",
    "metricName",
    "namespace",
    "period",
    "statistic",
    "threshold",
    "treatMissingData",
)
_QUERY = api_names("id", "expression", "label", "period", "returnData")
CREATES: set[str] = {*_API_NAMES, "dimensions", *(f"metricQueries.{name}" for name in _QUERY)}


def identity(inputs: dict[str, Any]) -> str:
    """Return the name."""
    return inputs["name"]


def import_id(inputs: dict[str, Any]) -> str:
    """Return the name."""
    return inputs.get("name", "")


def table_name(inputs: dict[str, Any]) -> str:
    """Return the name of the table whose metric it watches, in its dimensions or in its query."""
    if name := (inputs.get("dimensions") or {}).get("TableName"):
        return name
    expressions = " ".join(query.get("expression") or "" for query in inputs.get("metricQueries") or [])
    named = re.search(r"\bTableName = '([^']+)'", expressions)
    return named[1] if named else ""


def create(clients: Clients, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Put an alarm."""
    cloudwatch = clients("cloudwatch")
    cloudwatch.put_metric_alarm(**parameters(inputs))
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[inputs["name"]])["MetricAlarms"]
    return inputs["name"], {"arn": alarm.get("AlarmArn", "")}


def parameters(inputs: dict[str, Any]) -> dict[str, Any]:
    """Return what PutMetricAlarm takes. It replaces the whole alarm of that name."""
    request: dict[str, Any] = {key: inputs[name] for name, key in _API_NAMES.items() if name in inputs}
    if dimensions := inputs.get("dimensions"):
        request["Dimensions"] = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    if queries := inputs.get("metricQueries"):
        request["Metrics"] = [{key: query[name] for name, key in _QUERY.items() if name in query} for query in queries]
    return request


def read(clients: Clients, _: object, _map: object) -> Iterator[dict[str, Any]]:
    """Yield the provider inputs of all metric alarms."""
    for page in clients("cloudwatch").get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm"]):
        yield from map(_inputs, page["MetricAlarms"])


def _inputs(alarm: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: alarm.get(key) for name, key in _API_NAMES.items()},
        "dimensions": {each["Name"]: each["Value"] for each in alarm.get("Dimensions", [])},
        "insufficientDataActions": alarm.get("InsufficientDataActions"),
        "extendedStatistic": alarm.get("ExtendedStatistic"),
        "unit": alarm.get("Unit"),
        "metricQueries": [
            {name: query[key] for name, key in _QUERY.items() if key in query}
            # What `create` doesn't make has AWS's names, and is so a difference.
            | {key: value for key, value in query.items() if key not in _QUERY.values()}
            for query in alarm.get("Metrics", [])
        ],
    }


def tolerates(_resource: Registration, _path: str, _declared: object, _live: object, _plan: list[Registration]) -> bool:
    """Tolerate no difference."""
    return False
