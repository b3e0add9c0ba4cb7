"""Checks the records of a table's stream for an insert, a change and a delete, and which of them its triggers get."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ops.aws.clients import Clients
from ops.aws.resources import event_source_mapping
from ops.errors import one_line, reading_answer
from ops.rehearse.answer import Answer, as_text, from_item, to_item

if TYPE_CHECKING:
    from types_boto3_dynamodbstreams import DynamoDBStreamsClient

    from components.schema import Table

# Seconds until a stream must have the records of a write. AWS usually needs less than one second.
_TIMEOUT = 5
# The images in a record, by the stream's view type.
_IMAGES = {
    "NEW_AND_OLD_IMAGES": ("OldImage", "NewImage"),
    "NEW_IMAGE": ("NewImage",),
    "OLD_IMAGE": ("OldImage",),
    "KEYS_ONLY": (),
}


def check(
    clients: Clients, definition: "Table", live: dict[str, Any], mappings: list[dict[str, Any]]
) -> Iterator[Answer]:
    """Insert, change and delete an item, and check the table's stream and the filters of its triggers."""
    name = live.get("name", definition.name)
    answer = Answer(
        question=f"stream: an insert, a change and a delete, as {definition.stream_view_type}",
        table=name,
        operation="GetRecords",
    )
    if not live.get("streamArn"):
        yield replace(answer, problem="the table has no stream")
        return
    key = {live[key]: "drill" for key in ("hashKey", "rangeKey") if key in live}
    item, changed = key | {"drilled": "once"}, key | {"drilled": "twice"}
    for new in (item, changed):
        clients("dynamodb").put_item(TableName=name, Item=to_item(new))
    clients("dynamodb").delete_item(TableName=name, Key=to_item(key))
    shown = _IMAGES[definition.stream_view_type or ""]
    written = [
        ("INSERT", {"NewImage": item}),
        ("MODIFY", {"OldImage": item, "NewImage": changed}),
        ("REMOVE", {"OldImage": changed}),
    ]
    expected = [(event, {image: made[image] for image in shown if image in made}) for event, made in written]
    with reading_answer():
        calls, records = _records(clients("dynamodbstreams"), live["streamArn"], to_item(key), len(expected))
        seen = [
            (r["eventName"], {i: from_item(r["dynamodb"][i]) for i in shown if i in r["dynamodb"]}) for r in records
        ]
    mine = [mapping for mapping in mappings if event_source_mapping.table_name(mapping) == name]
    problem = "" if seen == expected else f"the stream shows {seen}, not {expected}"
    if mine and not seen:
        problem = "the stream shows nothing: moto as a server takes the records if there is a trigger; drill without it"
    yield replace(answer, calls=calls, items_read=len(records), items_returned=len(records), problem=problem)
    for mapping in mine:
        yield _filter(mapping, name, records)


def _filter(mapping: dict[str, Any], name: str, records: list[Mapping[str, Any]]) -> Answer:
    """Check that the filter of a trigger passes the insert, and not the change and the delete."""
    answer = Answer(
        question=f"trigger {mapping['functionName']}: by its filter only the insert", table=name, operation="filter"
    )
    from moto.core.exceptions import JsonRESTError  # noqa: PLC0415 - needed only where there is a trigger
    from moto.events.models import EventPattern  # noqa: PLC0415

    try:
        filters = [EventPattern.load(item["pattern"]) for item in mapping["filterCriteria"]["filters"]]
        events = [json.loads(as_text(record)) for record in records]
        # As in Lambda, a record passes if one of the filters matches it, or if there are no filters.
        passed = [e["eventName"] for e in events if not filters or any(f.matches_event(e) for f in filters)]
    except (JsonRESTError, AttributeError) as error:
        return replace(answer, problem=f"its filter is not an event pattern: {one_line(error)}")
    problem = "" if passed == ["INSERT"] else f"its filter passes {passed}"
    if not mapping["enabled"]:
        problem = "it is disabled"
    return replace(answer, items_read=len(records), items_returned=len(passed), problem=problem)


def _records(
    streams: "DynamoDBStreamsClient", arn: str, key: dict[str, Any], count: int
) -> tuple[int, list[Mapping[str, Any]]]:
    """Read a stream until it has `count` records of an item. Return the number of calls, and the records."""
    calls, deadline = 0, time.monotonic() + _TIMEOUT
    records: list[Mapping[str, Any]] = []
    while len(records) < count and time.monotonic() < deadline:
        if calls:
            time.sleep(0.1)
        calls, records = calls + 1, []
        for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            position = {"ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
            iterator = streams.get_shard_iterator(StreamArn=arn, **position)["ShardIterator"]
            page = streams.get_records(ShardIterator=iterator)
            calls += 2
            records += [record for record in page["Records"] if record["dynamodb"]["Keys"] == key]
    return calls, records
