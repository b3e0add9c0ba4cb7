"""Each alarm of prod, set off by metric data as AWS documents it, and by nothing else.

moto keeps metric data, and evaluates no alarm: `goes_off` does, as CloudWatch documents it. A missing or wrong
dimension makes an alarm that never goes off, without an error.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from moto.backends import get_backend

from components.alarms import CONSUMED, DELIVERED, ITERATOR_AGE, SYSTEM_ERRORS, THROTTLED, UNDELIVERED, USER_ERRORS
from components.schema import Capacity
from components.tables import RENTAL_INVOICES
from tests import programs
from tests.ops import accounts

ARN = "arn:aws:{}:eu-west-1:123456789012:{}"
TOPIC = ARN.format("sns", "alarms")
FUNCTION = ARN.format("lambda", "function:notify")
PREFIX = "send_invoice_notification"
CONFIG = (
    f"alarm_topic={TOPIC}",
    f"{PREFIX}_function={FUNCTION}",
    f"{PREFIX}_failure_destination={ARN.format('sqs', 'failed')}",
)
# The names of the dimensions with which AWS sends a metric. CloudWatch takes each combination for a metric of its own.
# Sources: DynamoDB developer guide, "DynamoDB metrics and dimensions"; Lambda developer guide, "Types of metrics" and
# "View metrics" (By Function Name); SQS and SNS developer guides, "Available CloudWatch metrics" and "Monitoring topics".
OF_TABLE, OF_INDEX = {"TableName"}, {"TableName", "GlobalSecondaryIndexName"}
DOCUMENTED: dict[tuple[str, str], list[set[str]]] = {
    ("AWS/DynamoDB", "ReadThrottleEvents"): [OF_TABLE, OF_INDEX],
    ("AWS/DynamoDB", "WriteThrottleEvents"): [OF_TABLE, OF_INDEX],
    ("AWS/DynamoDB", "ConsumedReadCapacityUnits"): [OF_TABLE, OF_INDEX],
    ("AWS/DynamoDB", "ConsumedWriteCapacityUnits"): [OF_TABLE, OF_INDEX],
    ("AWS/DynamoDB", "SystemErrors"): [{"TableName", "Operation"}],
    ("AWS/DynamoDB", "UserErrors"): [set()],
    ("AWS/Lambda", "IteratorAge"): [{"FunctionName"}],
    ("AWS/Lambda", "DestinationDeliveryFailures"): [{"FunctionName"}],
    ("AWS/SQS", "NumberOfMessagesSent"): [{"QueueName"}],
    ("AWS/SNS", "NumberOfMessagesPublished"): [{"TopicName"}],
}
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
# The longest time that an alarm looks at, in minutes.
MINUTES = 15
TABLES = (
    *("RentalInvoices", "Users", "RetailInvoices", "FoodDeliveryInvoices", "ClothingInvoices", "TechnologyInvoices"),
    *("SubscriptionInvoices", "GroceryInvoices", "MiscellaneousUtilityInvoices", "MiscellaneousInvoices"),
    *("TravelInvoices", "VendorConfig"),
)
INDEXES = {
    "RentalInvoices/due_date": "due_date_year-due_date_month-index",
    "Users/email": "Email-index",
    "RetailInvoices/invoice_date": "invoice_date-index",
    "RetailInvoices/sub_type": "sub_type-invoice_date-index",
}
# What an alarm is of, by the first part of its name: the dimensions.
WATCHED = {name: {"TableName": name} for name in TABLES} | {
    name: {"TableName": name.partition("/")[0], "GlobalSecondaryIndexName": index} for name, index in INDEXES.items()
}


@dataclass(frozen=True, kw_only=True)
class Data:
    """Metric data, as AWS sends it: a value for each minute, and the names of the alarms that it sets off.

    A value that is None is not sent, or where there are dimensions in `also`, sent as 1 with these. The values end at the
    moment at which the alarms are evaluated.
    """

    metric: str
    dimensions: dict[str, str]
    values: list[float | None]
    goes_off: set[str]
    namespace: str = "AWS/DynamoDB"
    also: dict[str, str] = field(default_factory=dict)


def throttles(access: str, watched: str) -> Data:
    return Data(
        metric=f"{access}ThrottleEvents",
        dimensions=WATCHED[watched],
        values=[1] * 5,
        goes_off={f"{watched}/throttled-{access.lower()}s"},
    )


def consumed(access: str, watched: str, values: list[float | None], *, is_too_much: bool = True) -> Data:
    name = f"{watched}/consumed-{access.lower()}s"
    metric = f"Consumed{access}CapacityUnits"
    return Data(metric=metric, dimensions=WATCHED[watched], values=values, goes_off={name} if is_too_much else set())


def of_lambda(metric: str, name: str, values: list[float | None], function: str = "notify") -> Data:
    goes_off = {f"RentalInvoices/{PREFIX}/{name}"} if name else set()
    return Data(
        namespace="AWS/Lambda",
        metric=metric,
        dimensions={"FunctionName": function},
        values=values,
        goes_off=goes_off,
    )


def errors(table: str, *operations: str) -> Data:
    """Return system errors, in each minute of one operation, by turns."""
    first, *more = operations
    return Data(
        metric="SystemErrors",
        dimensions={"TableName": table, "Operation": first},
        values=[None if more and minute % 2 else 1 for minute in range(15)],
        also={"Operation": more[0]} if more else {},
        goes_off={f"{table}/system-errors"},
    )


MANY = {
    **{f"{access} of {name}": throttles(access, name) for access in ("Read", "Write") for name in WATCHED},
    **{f"system errors of {table}": errors(table, "GetItem") for table in TABLES},
    **{
        f"{access} of {name}, consumed": consumed(access, name, [421] * 15)
        for access in ("Read", "Write")
        for name in ("RentalInvoices", "RentalInvoices/due_date")
    },
    "user errors": Data(metric="UserErrors", dimensions={}, values=[1] * 10, goes_off={"paypulse-prod/user-errors"}),
    "the age of a record": of_lambda("IteratorAge", "iterator-age", [3_600_001, None, None, None, None]),
    "a record that is lost": of_lambda("DestinationDeliveryFailures", "undelivered-failures", [1]),
    "a record that failed": Data(
        namespace="AWS/SQS",
        metric="NumberOfMessagesSent",
        dimensions={"QueueName": "failed"},
        values=[1],
        goes_off={f"RentalInvoices/{PREFIX}/failed-records"},
    ),
}
SOME = {
    "throttles with a minute without": Data(
        metric="ReadThrottleEvents", dimensions=WATCHED["Users"], values=[9, 9, None, 9, 9], goes_off=set()
    ),
    "throttles that are over": Data(
        metric="ReadThrottleEvents", dimensions=WATCHED["Users"], values=[9, 9, 9, 9, None], goes_off=set()
    ),
    "throttles of another table": Data(
        metric="ReadThrottleEvents", dimensions={"TableName": "Users-dev"}, values=[9] * 5, goes_off=set()
    ),
    "throttles of an index that is not declared": Data(
        metric="ReadThrottleEvents",
        dimensions={"TableName": "Users", "GlobalSecondaryIndexName": "other"},
        values=[9] * 5,
        goes_off=set(),
    ),
    "no throttles, sent as 0": Data(
        metric="WriteThrottleEvents", dimensions=WATCHED["Users"], values=[0] * 5, goes_off=set()
    ),
    "system errors of two operations": errors("Users", "PutItem", "TransactWriteItems"),
    "as many units as autoscaling allows": consumed("Read", "RentalInvoices", [420] * 15, is_too_much=False),
    "more units, for 14 minutes": consumed("Read", "RentalInvoices", [900] * 14, is_too_much=False),
    "many units of a table on demand": consumed("Read", "Users", [9_000_000] * 15, is_too_much=False),
    "records of an hour": of_lambda("IteratorAge", "", [3_600_000] * 5),
    "late records of another function": of_lambda("IteratorAge", "", [9_000_000] * 5, function="other"),
}


@pytest.fixture(scope="module")
def aws():
    """Return clients of an account with prod's alarms."""
    with accounts.deployed(*CONFIG) as (_, clients):
        yield clients


@pytest.fixture(scope="module")
def alarms(aws):
    """Return prod's alarms, as AWS describes them: those of autoscaling tell others."""
    found = [
        alarm
        for page in aws("cloudwatch").get_paginator("describe_alarms").paginate()
        for alarm in page["MetricAlarms"]
    ]
    return [alarm for alarm in found if alarm["AlarmActions"] == [TOPIC]]


def send(aws: Any, data: Data) -> dt.datetime:
    """Send metric data, after forgetting all others; return the moment at which they end."""
    assert set(data.dimensions) in DOCUMENTED[data.namespace, data.metric]
    for account in get_backend("cloudwatch").values():
        for backend in account.values():
            backend.metric_data.clear()
    now = START + dt.timedelta(minutes=MINUTES)
    sent = []
    for position, value in enumerate(data.values):
        dimensions = data.dimensions | (data.also if value is None else {})
        if value is not None or data.also:
            datum = {
                "MetricName": data.metric,
                "Dimensions": [{"Name": name, "Value": text} for name, text in dimensions.items()],
                "Timestamp": now - dt.timedelta(minutes=len(data.values) - position),
                "Value": 1 if value is None else value,
            }
            sent.append(datum)
    aws("cloudwatch").put_metric_data(Namespace=data.namespace, MetricData=sent)
    return now


def goes_off(aws: Any, alarm: dict[str, Any], metrics: list[dict[str, Any]], now: dt.datetime) -> bool:
    """Evaluate an alarm as CloudWatch does: its metric has to have exactly its dimensions."""
    assert (alarm["ComparisonOperator"], alarm["TreatMissingData"]) == ("GreaterThanThreshold", "notBreaching")
    statistic, period, wanted = watched(alarm)
    series = [metric for metric in metrics if wanted(metric)]
    start = now - dt.timedelta(seconds=period * alarm["EvaluationPeriods"])
    values: dict[dt.datetime, float] = {}
    for metric in series:
        of_metric = {key: metric[key] for key in ("Namespace", "MetricName", "Dimensions")}
        points = aws("cloudwatch").get_metric_statistics(
            **of_metric, StartTime=start, EndTime=now, Period=period, Statistics=[statistic]
        )["Datapoints"]
        for point in points:
            values[point["Timestamp"]] = values.get(point["Timestamp"], 0) + point[statistic]
    return sum(value > alarm["Threshold"] for value in values.values()) == alarm["EvaluationPeriods"]


def watched(alarm: dict[str, Any]) -> tuple[str, int, Any]:
    """Return the statistic and the period of an alarm, and a function that tells its metrics from others."""
    if "MetricName" in alarm:
        wanted = (alarm["Namespace"], alarm["MetricName"], named(alarm))
        return alarm["Statistic"], alarm["Period"], lambda m: (m["Namespace"], m["MetricName"], named(m)) == wanted
    (query,) = alarm["Metrics"]
    # CloudWatch user guide, "Metrics Insights query components and syntax": SCHEMA takes the metrics with exactly these
    # dimensions, and WHERE those of this value.
    parts = re.fullmatch(
        r"""SELECT SUM\((\w+)\) FROM SCHEMA\("([\w/]+)", ([\w, ]+)\) WHERE (\w+) = '([\w.-]+)'""", query["Expression"]
    )
    assert parts
    assert query["ReturnData"]
    metric, namespace, names, name, value = parts.groups()
    return (
        "Sum",
        query["Period"],
        lambda m: (
            (m["Namespace"], m["MetricName"], {*named(m)}, named(m).get(name))
            == (namespace, metric, {*names.split(", ")}, value)
        ),
    )


def named(item: dict[str, Any]) -> dict[str, str]:
    return {dimension["Name"]: dimension["Value"] for dimension in item["Dimensions"]}


def set_off(aws: Any, alarms: list[dict[str, Any]], data: Data) -> Iterator[str]:
    now, metrics = send(aws, data), aws("cloudwatch").list_metrics()["Metrics"]
    return (alarm["AlarmName"] for alarm in alarms if goes_off(aws, alarm, metrics, now))


@pytest.mark.parametrize("name", [*MANY, *SOME])
def test_metric_data_sets_off_exactly_its_alarm(aws, alarms, name):
    data = (MANY | SOME)[name]

    assert set(set_off(aws, alarms, data)) == data.goes_off


def test_there_is_no_alarm_that_nothing_sets_off(alarms):
    assert {alarm["AlarmName"] for alarm in alarms} == {name for data in MANY.values() for name in data.goes_off}


def test_every_alarm_tells_the_topic_of_trouble_and_of_its_end(alarms):
    assert {tuple(alarm["OKActions"]) for alarm in alarms} == {(TOPIC,)}
    assert {alarm["ActionsEnabled"] for alarm in alarms} == {True}
    assert min(len(alarm["AlarmDescription"]) for alarm in alarms) > 40


def of_rental_invoices(*config, family=RENTAL_INVOICES):
    """Return the inputs of the alarms of RentalInvoices: to record all tables takes longer."""
    recorded = programs.record_family(family, CONFIG[0], *config)
    return [resource.inputs for resource in recorded.resources if resource.type.startswith("aws:cloudwatch/")]


def of_trigger(**config):
    """Return the metric and the dimensions of the alarms on the trigger, by the last part of their name."""
    found = of_rental_invoices(*(f"{PREFIX}_{key}={value}" for key, value in config.items()))
    return {
        inputs["name"].rpartition("/")[2]: (inputs["namespace"], inputs["metricName"], inputs["dimensions"])
        for inputs in found
        if f"/{PREFIX}/" in inputs["name"]
    }


AGE = {"iterator-age": ("AWS/Lambda", "IteratorAge", {"FunctionName": "notify"})}
LOST = {"undelivered-failures": ("AWS/Lambda", "DestinationDeliveryFailures", {"FunctionName": "notify"})}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param({}, {}, id="no trigger"),
        pytest.param({"function": "notify"}, AGE, id="a function by its name"),
        pytest.param({"function": FUNCTION}, AGE, id="a function by its ARN"),
        pytest.param(
            {"function": "notify", "failure_destination": ARN.format("sqs", "failed")},
            {**AGE, **LOST, "failed-records": ("AWS/SQS", "NumberOfMessagesSent", {"QueueName": "failed"})},
            id="a queue",
        ),
        pytest.param(
            {"function": "notify", "failure_destination": ARN.format("sns", "failed")},
            {**AGE, **LOST, "failed-records": ("AWS/SNS", "NumberOfMessagesPublished", {"TopicName": "failed"})},
            id="a topic",
        ),
        pytest.param(
            {"function": "notify", "failure_destination": "arn:aws:s3:::failed"}, {**AGE, **LOST}, id="a bucket"
        ),
    ],
)
def test_a_trigger_has_the_alarms_of_its_function_and_of_its_destination(config, expected):
    assert of_trigger(**config) == expected
    for namespace, metric, dimensions in expected.values():
        assert set(dimensions) in DOCUMENTED[namespace, metric]


@pytest.mark.parametrize(
    ("config", "of_table", "of_index"),
    [
        pytest.param([], 10 * 60 * 0.7, 10 * 60 * 0.7, id="the defaults"),
        pytest.param(
            ["autoscaling_max_capacity=20", "autoscaling_target_utilization=50"],
            600,
            600,
            id="another maximum and target",
        ),
    ],
)
def test_capacity_is_too_little_from_the_target_of_the_maximum_on(config, of_table, of_index):
    found = of_rental_invoices(*config)

    assert {inputs["name"]: inputs["threshold"] for inputs in found if "/consumed-" in inputs["name"]} == {
        f"RentalInvoices/{part}consumed-{access}": pytest.approx(threshold)
        for part, threshold in (("", of_table), ("due_date/", of_index))
        for access in ("reads", "writes")
    }


def test_capacity_of_an_index_that_does_not_scale_is_too_little_from_the_target_of_it_on():
    (table,) = RENTAL_INVOICES.tables
    index = replace(table.indexes[0], capacity=Capacity(read=2, write=3))
    family = replace(RENTAL_INVOICES, tables=(replace(table, indexes=(index,)),))
    found = of_rental_invoices("autoscale_indexes=false", family=family)

    assert {inputs["name"]: inputs["threshold"] for inputs in found if "/consumed-" in inputs["name"]} == {
        "RentalInvoices/consumed-reads": pytest.approx(10 * 60 * 0.7),
        "RentalInvoices/consumed-writes": pytest.approx(10 * 60 * 0.7),
        "RentalInvoices/due_date/consumed-reads": pytest.approx(2 * 60 * 0.7),
        "RentalInvoices/due_date/consumed-writes": pytest.approx(3 * 60 * 0.7),
    }


def test_no_name_of_an_alarm_is_too_long():
    found = of_rental_invoices(*CONFIG[1:], f"rental_invoices_table={'x' * 200}")
    names = [inputs["name"] for inputs in found]

    assert max(map(len, names)) <= 255


def test_the_alarms_of_two_stacks_have_different_names(record):
    names = [
        {r.inputs["name"] for r in record(stack, CONFIG[0]).resources if r.type.startswith("aws:cloudwatch/")}
        for stack in ("prod", "dev")
    ]

    assert [len(some) for some in names] == [49, 49]
    assert names[0] & names[1] == set()


def test_every_alarm_has_a_source_and_the_periods_of_the_recommended_alarms():
    every = [*THROTTLED, *CONSUMED, SYSTEM_ERRORS, USER_ERRORS, ITERATOR_AGE, UNDELIVERED]
    every += [alarm for alarm, _ in DELIVERED.values()]
    # CloudWatch user guide, "Recommended alarms": Period, and Evaluation periods.
    recommended = {"ReadThrottleEvents": (60, 5), "WriteThrottleEvents": (60, 5), "SystemErrors": (60, 15)}
    recommended["UserErrors"] = (60, 10)

    assert all(alarm.source for alarm in every)
    assert {
        alarm.metric: (alarm.period, alarm.periods) for alarm in every if "Recommended" in alarm.source
    } == recommended
