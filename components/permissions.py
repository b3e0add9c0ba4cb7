"""The IAM policy document of each function that reads or writes the tables, from their access patterns.

A statement allows exactly one query or write on exactly its table or index. A permission on a table doesn't include its
indexes: IAM compares each ARN as a whole.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from components.schema import AccessPattern, Family, Table
from components.settings import Settings

Statement = dict[str, Any]
# Lambda developer guide, "Retaining discarded records": what the function's role needs for each kind of destination.
_DESTINATIONS = {"sqs": "sqs:SendMessage", "sns": "sns:Publish"}


def documents(families: Iterable[Family], arns: Mapping[str, Any], settings: Settings) -> dict[str, dict[str, Any]]:
    """Return the policy documents by the name of their function, sorted.

    `arns` maps the logical name of each table to its `arn`, its `stream_arn` if it has a stream, and `indexes` (logical
    name to `arn`). A trigger has a document before its function is configured, because AWS refuses an event source
    mapping to a function whose role can't read the stream.
    """
    statements = defaultdict(list)
    for table in (table for family in families for table in family.tables):
        own = arns[table.logical_name]
        for pattern in table.access_patterns:
            if pattern.index and pattern.index not in own["indexes"]:
                continue  # A rehearsal and evolve say that the query has no index.
            resource = own["indexes"][pattern.index]["arn"] if pattern.index else own["arn"]
            for consumer in pattern.consumers:
                action = f"dynamodb:{pattern.operation}"
                statements[consumer].append(_allow(pattern.question, action, resource, _condition(table, pattern)))
        if table.trigger:
            statements[table.trigger] += _trigger(table, own, settings)
    for of_consumer in statements.values() if settings.kms_key_arn else ():
        of_consumer.append(_key(settings.kms_key_arn))
    return {name: {"Version": "2012-10-17", "Statement": statements[name]} for name in sorted(statements)}


def _allow(
    what: str, action: str | list[str], resource: str, condition: Mapping[str, Mapping[str, Any]] | None = None
) -> Statement:
    # A Sid has only letters and digits, and each is unique in its document.
    sid = "".join(word.capitalize() for word in re.findall("[A-Za-z0-9]+", what.replace("'", "")))
    statement = {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


def _condition(table: Table, pattern: AccessPattern) -> Mapping[str, Mapping[str, Any]] | None:
    """Return what keeps a query or write of one attribute from the others.

    DynamoDB developer guide, "Using IAM policy conditions for fine-grained access control": dynamodb:Attributes must
    include the key. ForAllValues alone accepts a request without the attributes, so Select must say that it has them;
    and a write must not return the whole item.

    A GetItem has dynamodb:Select (service authorization reference), so StringEquals, as in "DynamoDB resource-based
    policy examples, cross-account access". AWS's examples with StringEqualsIfExists also allow writes, which lack it.
    """
    if not pattern.attribute:
        return None
    keys = [key for key in (table.partition_key, table.sort_key) if key]
    attributes = {"ForAllValues:StringEquals": {"dynamodb:Attributes": [*keys, pattern.attribute]}}
    if pattern.operation == "GetItem":
        return attributes | {"StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}}
    # Without ReturnValues, DynamoDB returns nothing.
    returned = ["NONE", "UPDATED_OLD", "UPDATED_NEW"]
    return attributes | {"StringEqualsIfExists": {"dynamodb:ReturnValues": returned}}


def _trigger(table: Table, arns: Mapping[str, Any], settings: Settings) -> Iterator[Statement]:
    """Yield what Lambda needs to read the stream, and to send the records that the function keeps failing on."""
    # DynamoDB developer guide, "IAM policy to allow a Lambda function to access DynamoDB stream records". It lists
    # streams before it knows their ARNs. (Service authorization reference: ListStreams has no resource but "*".)
    actions = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
    yield _allow(f"stream of {table.logical_name}, read", actions, arns["stream_arn"])
    yield _allow(f"streams of {table.logical_name}, listed", "dynamodb:ListStreams", f"{arns['arn']}/stream/*")
    trigger = settings.triggers.get(table.trigger or "")
    if trigger and (arn := trigger.failure_destination):
        what, service = "failed records, sent", arn.split(":")[2]
        if service == "s3":
            yield _allow(what, "s3:PutObject", f"{arn}/*")
            yield _allow("bucket of failed records, listed", "s3:ListBucket", arn)
        else:
            yield _allow(what, _DESTINATIONS[service], arn)


def _key(arn: str) -> Statement:
    # DynamoDB developer guide, "DynamoDB encryption at rest: usage notes": for each caller that uses a table, DynamoDB
    # decrypts the table's key. What else it does with the KMS key, it does when it creates a table or changes its key.
    service = f"dynamodb.{arn.split(':')[3]}.amazonaws.com"
    return _allow("key of the tables, used", "kms:Decrypt", arn, {"StringEquals": {"kms:ViaService": service}})
