"""The trigger of a table's stream. It calls a Lambda function, which belongs to another stack, with each new item."""

import json

import pulumi
import pulumi_aws as aws

from components.settings import Trigger


def stream_trigger(
    logical_name: str, resource: aws.dynamodb.Table, trigger: Trigger, opts: pulumi.ResourceOptions
) -> None:
    """Register the event source mapping from the stream of the table that is deployed as `resource`."""
    aws.lambda_.EventSourceMapping(
        logical_name,
        event_source_arn=resource.stream_arn,
        function_name=trigger.function,
        enabled=True,
        starting_position="LATEST",
        batch_size=1,
        filter_criteria={"filters": [{"pattern": json.dumps({"eventName": ["INSERT"]}, separators=(",", ":"))}]},
        function_response_types=["ReportBatchItemFailures"],
        # By default Lambda retries a bad record, and blocks the records after it, until it expires after a day.
        maximum_retry_attempts=5,
        maximum_record_age_in_seconds=6 * 60 * 60,
        destination_config={"on_failure": {"destination_arn": trigger.failure_destination}}
        if trigger.failure_destination
        else None,
        opts=opts,
    )
