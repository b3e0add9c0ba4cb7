from typing import Any

import pytest

from ops.aws import resources
from ops.aws.resources import metric_alarm

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"
# All that create uses, but for what only one of these has.
COMMON: dict[str, Any] = {
    "name": "things/throttled-reads",
    "alarmDescription": "too many",
    "actionsEnabled": False,
    "alarmActions": [TOPIC],
    "okActions": [TOPIC],
    "comparisonOperator": "GreaterThanThreshold",
    "datapointsToAlarm": 4,
    "evaluationPeriods": 5,
    "threshold": 0.0,
    "treatMissingData": "notBreaching",
}
ALARM = COMMON | {
    "namespace": "AWS/DynamoDB",
    "metricName": "ReadThrottleEvents",
    "dimensions": {"TableName": "things", "GlobalSecondaryIndexName": "by-day"},
    "statistic": "Sum",
    "period": 60,
}
SELECT = "SELECT SUM(SystemErrors) FROM SCHEMA(\"AWS/DynamoDB\", TableName, Operation) WHERE TableName = 'my.thing_s-1'"
QUERY = COMMON | {
    "name": "things/system-errors",
    "metricQueries": [{"id": "sum", "expression": SELECT, "label": "errors", "period": 60, "returnData": True}],
}
METRIC = {"Namespace": "AWS/DynamoDB", "MetricName": "SystemErrors"}
MATH = [
    {"Id": "m", "MetricStat": {"Metric": METRIC, "Period": 60, "Stat": "Sum"}, "ReturnData": False},
    {"Id": "e", "Expression": "m * 2", "ReturnData": True},
]


def read(clients):
    return {live["name"]: live for live in metric_alarm.read(clients, ["things"], map)}


@pytest.mark.parametrize("inputs", [pytest.param(ALARM, id="a metric"), pytest.param(QUERY, id="a query")])
def test_an_alarm_is_created_and_read_with_all_its_properties(clients, inputs):
    id_, outputs = metric_alarm.create(clients, inputs)
    live = read(clients)[inputs["name"]]

    assert id_ == inputs["name"]
    assert outputs == {"arn": f"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{id_}"}
    assert {key: live[key] for key in inputs} == inputs
    assert [value for key, value in live.items() if key not in inputs and value] == []


def test_all_that_create_uses_is_in_these_alarms():
    (query,) = QUERY["metricQueries"]
    used = {*ALARM, *(f"metricQueries.{name}" for name in query)}

    assert used == metric_alarm.CREATES


def test_an_alarm_replaces_the_one_of_its_name(clients):
    for periods in (5, 3):
        metric_alarm.create(clients, ALARM | {"evaluationPeriods": periods})

    assert [live["evaluationPeriods"] for live in read(clients).values()] == [3]


def test_what_create_does_not_make_is_read_as_another_value(clients):
    more = {"ExtendedStatistic": "p99", "Unit": "Count", "InsufficientDataActions": [TOPIC]}
    request: dict[str, Any] = metric_alarm.parameters(ALARM) | more
    del request["Statistic"]
    clients("cloudwatch").put_metric_alarm(**request)
    request = metric_alarm.parameters(COMMON | {"name": "math"}) | {"Metrics": MATH}
    clients("cloudwatch").put_metric_alarm(**request)
    found = read(clients)
    names = ("extendedStatistic", "unit", "insufficientDataActions", "statistic")

    assert [found[ALARM["name"]][name] for name in names] == ["p99", "Count", [TOPIC], None]
    first, second = found["math"]["metricQueries"]
    assert (first["id"], first["MetricStat"]["Stat"]) == ("m", "Sum")
    assert second == {"id": "e", "expression": "m * 2", "returnData": True}


@pytest.mark.parametrize(
    ("inputs", "name"),
    [
        pytest.param(ALARM, "things", id="a dimension"),
        pytest.param(QUERY, "my.thing_s-1", id="a query"),
        pytest.param({"dimensions": {"FunctionName": "notify"}}, "", id="another dimension"),
        pytest.param({"metricQueries": [{"id": "a", "expression": "m1 + m2"}]}, "", id="metric math"),
        pytest.param({"metricQueries": [{"id": "a", "metric": {}}]}, "", id="no expression"),
        pytest.param({}, "", id="neither"),
    ],
)
def test_the_table_of_an_alarm_is_in_its_dimensions_or_its_query(inputs, name):
    assert metric_alarm.table_name(inputs) == name


def test_an_alarm_is_told_and_imported_by_its_name():
    assert (metric_alarm.identity(ALARM), metric_alarm.import_id(ALARM)) == (ALARM["name"], ALARM["name"])
    assert metric_alarm.import_id({}) == ""
    assert resources.module(metric_alarm.TYPE) is metric_alarm


def test_nothing_is_tolerated():
    assert not metric_alarm.tolerates(None, "threshold", 0, 1, [])  # ty: ignore[invalid-argument-type]
