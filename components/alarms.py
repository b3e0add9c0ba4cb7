"""CloudWatch alarms: what can go wrong with a table, its indexes and its trigger, as data, and the component.

"Recommended alarms" below is the page of that name in the CloudWatch user guide, with its periods and evaluation
periods. It leaves most thresholds to the situation. Here they are 0, because these tables have little traffic: what is
counted shouldn't happen at all, and has to happen in every period before an alarm goes off.

A metric without a value counts as good (`notBreaching`), because DynamoDB and Lambda only send the metrics of failures,
and of age, when there is something to count. Otherwise the alarms of an idle table would be INSUFFICIENT_DATA.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pulumi
import pulumi_aws as aws

from components.schema import GlobalSecondaryIndex, Table
from components.settings import Autoscaling, Settings


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """An alarm that goes off when a metric is above `threshold` in each of `periods` successive periods.

    `name` is the last part of its physical and of its logical name: never change it. `period` is in seconds. With
    `every`, the metric is the sum over all values of that dimension.
    """

    name: str
    metric: str
    periods: int
    description: str
    source: str
    namespace: str = "AWS/DynamoDB"
    statistic: str = "Sum"
    period: int = 60
    threshold: float = 0
    every: str = ""


_RECOMMENDED = "Recommended alarms, Amazon DynamoDB"
_LAMBDA = "Lambda developer guide, Types of metrics for Lambda functions"

# Dimensions: TableName; for an index GlobalSecondaryIndexName, too. TableName alone leaves out the indexes.
THROTTLED = tuple(
    Alarm(
        name=f"throttled-{access.lower()}s",
        metric=f"{access}ThrottleEvents",
        periods=5,
        description=f"DynamoDB has throttled {access.lower()}s in each of the last 5 minutes.",
        source=f"{_RECOMMENDED}, {access}ThrottleEvents",
    )
    for access in ("Read", "Write")
)
# Dimensions: as above. The metric is the sum of the units in a minute, and capacity is in units a second: see
# `_consumed`, which sets the threshold.
CONSUMED = tuple(
    Alarm(
        name=f"consumed-{access.lower()}s",
        metric=f"Consumed{access}CapacityUnits",
        periods=15,
        description=f"{access}s have needed more than the maximum of autoscaling allows for 15 minutes.",
        source="DynamoDB developer guide, Creating CloudWatch alarms: units a second * 60 * the part that may be used",
    )
    for access in ("Read", "Write")
)
# Dimensions: TableName and Operation. "Recommended alarms" names only TableName, but DynamoDB doesn't send the metric
# with that alone (DynamoDB metrics and dimensions; aws-samples/amazon-dynamodb-monitoring #5), and an alarm on metric
# math takes 10 metrics, less than there are operations. So this is a Metrics Insights query, of all operations.
SYSTEM_ERRORS = Alarm(
    name="system-errors",
    metric="SystemErrors",
    periods=15,
    description="DynamoDB has answered requests with its own errors (HTTP 500) in each of the last 15 minutes.",
    source=f"{_RECOMMENDED}, SystemErrors",
    every="Operation",
)
# No dimension: DynamoDB counts these for the account and the region.
USER_ERRORS = Alarm(
    name="user-errors",
    metric="UserErrors",
    periods=10,
    description="Requests to DynamoDB in this account and region were wrong (HTTP 400) in each of the last 10 minutes.",
    source=f"{_RECOMMENDED}, UserErrors",
)
# Dimension: FunctionName. Lambda sends it when it calls the function, so one period of 5 minutes has to do. An hour
# leaves five of the six hours after which the trigger gives a record up (maximum_record_age_in_seconds).
ITERATOR_AGE = Alarm(
    name="iterator-age",
    namespace="AWS/Lambda",
    metric="IteratorAge",
    statistic="Maximum",
    period=300,
    periods=1,
    threshold=60 * 60 * 1000,
    description="The function gets records of the stream more than an hour after they were written.",
    source=f"{_LAMBDA}, IteratorAge, in milliseconds",
)
# Dimension: FunctionName. It counts for every kind of destination. Such a record is lost.
UNDELIVERED = Alarm(
    name="undelivered-failures",
    namespace="AWS/Lambda",
    metric="DestinationDeliveryFailures",
    periods=1,
    description="Lambda couldn't write a failed record to the failure destination.",
    source=f"{_LAMBDA}, DestinationDeliveryFailures",
)
# The alarm on what arrives at a failure destination, and its dimension, by the service of the destination. A bucket has
# none: S3 counts requests only for a bucket that its owner has set up for it. Lambda's own metric,
# OnFailureDestinationDeliveredEventCount, would need metricsConfig, and the UUID of the mapping as its dimension.
DELIVERED = {
    service: (
        Alarm(
            name="failed-records",
            namespace=f"AWS/{service.upper()}",
            metric=metric,
            periods=1,
            description="A record that the function kept failing on has arrived at the failure destination.",
            source=source,
        ),
        dimension,
    )
    for service, metric, dimension, source in (
        ("sqs", "NumberOfMessagesSent", "QueueName", "SQS developer guide, Available CloudWatch metrics"),
        ("sns", "NumberOfMessagesPublished", "TopicName", "SNS developer guide, Monitoring topics using CloudWatch"),
    )
}


class TableAlarms(pulumi.ComponentResource):
    """The alarms of a table, of its indexes and of its trigger. All of them tell `settings.alarm_topic`.

    Physical names begin with the physical name of the table and a slash, which no table name has.
    """

    def __init__(
        self, table: Table, resource: aws.dynamodb.Table, settings: Settings, opts: pulumi.ResourceOptions
    ) -> None:
        """Register the alarms of `table`, which is deployed as `resource`."""
        super().__init__("paypulse:dynamodb:TableAlarms", table.logical_name, opts=opts)
        for part, alarm, dimensions in _alarms(table, settings):
            own = {"TableName": resource.name} if alarm.namespace == "AWS/DynamoDB" else {}
            aws.cloudwatch.MetricAlarm(
                "-".join(filter(None, (table.logical_name, part, alarm.name))),
                name=pulumi.Output.concat(resource.name, "/", f"{part}/" if part else "", alarm.name),
                opts=pulumi.ResourceOptions(parent=self),
                **_args(alarm, own | dimensions, settings.alarm_topic),
            )
        self.register_outputs({})


def account_alarm(settings: Settings) -> None:
    """Register the alarm on errors that DynamoDB counts for the whole account. Its name has the project and stack."""
    name = f"{pulumi.get_project()}-{pulumi.get_stack()}/{USER_ERRORS.name}"
    aws.cloudwatch.MetricAlarm(USER_ERRORS.name, name=name, **_args(USER_ERRORS, {}, settings.alarm_topic))


def _alarms(table: Table, settings: Settings) -> Iterator[tuple[str, Alarm, dict[str, str]]]:
    """Yield each alarm of a table, and its dimensions without TableName.

    The string says what it watches: the logical name of an index, the name of the trigger, or "" for the table.
    """
    for index in (None, *table.indexes):
        part, dimensions = (index.logical_name, {"GlobalSecondaryIndexName": index.name}) if index else ("", {})
        for alarm in THROTTLED:
            yield part, alarm, dimensions
        for alarm in CONSUMED:
            if threshold := _consumed(alarm, table, index, settings.autoscaling):
                yield part, replace(alarm, threshold=threshold), dimensions
    yield "", SYSTEM_ERRORS, {}
    if table.trigger and table.trigger in settings.triggers:
        trigger, part = settings.triggers[table.trigger], table.trigger
        function = {"FunctionName": trigger.function.rpartition(":")[2]}
        yield part, ITERATOR_AGE, function
        if trigger.failure_destination:
            yield part, UNDELIVERED, function
            _, _, service, *_, name = trigger.failure_destination.split(":")
            if service in DELIVERED:
                alarm, dimension = DELIVERED[service]
                yield part, alarm, {dimension: name}


def _consumed(alarm: Alarm, table: Table, index: GlobalSecondaryIndex | None, settings: Autoscaling) -> float:
    """Return the units a minute that a provisioned table or index may need, and 0 for one that is billed by request.

    Autoscaling can't hold the target utilization once it has scaled to the maximum. An index that doesn't scale keeps
    its capacity.
    """
    capacity = (index or table).capacity
    if not capacity:
        return 0
    fixed = capacity.read if alarm is CONSUMED[0] else capacity.write
    units = fixed if index and not settings.indexes else settings.max_capacity
    return units * alarm.period * settings.target_utilization / 100


def _args(alarm: Alarm, dimensions: dict[str, Any], topic: str) -> dict[str, Any]:
    """Return the provider's arguments for an alarm, without its name."""
    return {
        "alarm_description": alarm.description,
        "comparison_operator": "GreaterThanThreshold",
        "threshold": alarm.threshold,
        "evaluation_periods": alarm.periods,
        "treat_missing_data": "notBreaching",
        "actions_enabled": True,
        "alarm_actions": [topic],
        "ok_actions": [topic],
        **(_query(alarm, dimensions) if alarm.every else _metric(alarm, dimensions)),
    }


def _metric(alarm: Alarm, dimensions: dict[str, Any]) -> dict[str, Any]:
    return {
        "namespace": alarm.namespace,
        "metric_name": alarm.metric,
        "dimensions": dimensions or None,
        "statistic": alarm.statistic,
        "period": alarm.period,
    }


def _query(alarm: Alarm, dimensions: dict[str, Any]) -> dict[str, Any]:
    """Return a Metrics Insights query, of a metric that has one dimension beside `every`."""
    ((dimension, value),) = dimensions.items()
    schema = f'SCHEMA("{alarm.namespace}", {dimension}, {alarm.every})'
    # A table name has no character that SQL would need quoted.
    select = f"SELECT {alarm.statistic.upper()}({alarm.metric}) FROM {schema} WHERE {dimension} = '"  # noqa: S608
    expression = pulumi.Output.concat(select, value, "'")
    return {"metric_queries": [{"id": "sum", "expression": expression, "period": alarm.period, "return_data": True}]}
