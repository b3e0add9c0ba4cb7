"""Asks a rehearsed stack every question that its tables are for, and watches its streams."""

import json
import runpy
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from ops.clients import Clients
from ops.errors import CallError, one_line
from ops.examples import ITEMS
from ops.plan import Plan
from ops.project import Stack
from ops.readback import Readback
from ops.resources import event_source_mapping, table

if TYPE_CHECKING:
    from components.schema import AccessPattern, Table

# Seconds until a stream must show what was written; AWS says usually less than one.
_PATIENCE = 5
_NEW = "2026-06-01T06:00:00Z"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How a question was answered: by how many calls of which operation, which read how many items.

    `problem` is "" where the answer is right and complete.
    """

    question: str
    table: str
    index: str | None = None
    operation: str = ""
    calls: int = 0
    items_read: int = 0
    items_returned: int = 0
    problem: str = ""


def drill(stack: Stack, plan: Plan, live: Readback, clients: Clients) -> list[Answer]:
    """Write example items to the tables of `plan`, ask every access pattern of them, and read every stream.

    Raises CallError for a project that has no access patterns.
    """
    names = {r.name: r.inputs["name"] for r in plan.resources if r.type == table.TYPE}
    dynamodb, answers = clients("dynamodb"), []
    for definition in _definitions(stack):
        name, items = names[definition.logical_name], list(ITEMS.get(definition.logical_name, []))
        for item in items:
            dynamodb.put_item(TableName=name, Item=_to_wire(item))
        answers += [_ask(dynamodb, definition, name, pattern, items) for pattern in definition.access_patterns]
    for stream in live.live[table.TYPE]:
        if stream["streamArn"]:
            answers += _watch(clients, stream, live.live.get(event_source_mapping.TYPE, []))
    return answers


def _definitions(stack: Stack) -> "tuple[Table, ...]":
    """Return the definitions of the stack's tables; the program has run, so what they import can be imported."""
    path = stack.directory / "components" / "tables.py"
    if not path.is_file():
        msg = f"no {path}: a drill asks the access patterns that stand there"
        raise CallError(msg)
    return runpy.run_path(str(path))["TABLES"]


def _ask(dynamodb: Any, definition: "Table", name: str, pattern: "AccessPattern", items: list[dict]) -> Answer:  # noqa: ANN401 - a boto3 client
    """Ask one question, of the first item's values, and compare the answer with what a look through the items finds."""
    index = next((i.name for i in definition.indexes if i.logical_name == pattern.index), pattern.index)
    answer = Answer(question=pattern.question, table=name, index=index, operation=pattern.operation)
    needed = {name for name in (*pattern.equal, pattern.between, pattern.only, pattern.attribute) if name}
    if not items or needed - items[0].keys():
        problem = f"ops/examples.py has no items of {definition.logical_name} with {', '.join(sorted(needed))}"
        return replace(answer, problem=problem)
    expected, values = _expected(pattern, items)
    try:
        calls, read, found = _call(dynamodb, name, index, pattern, values)
    except (BotoCoreError, ClientError) as error:
        return replace(answer, calls=1, problem=one_line(error))
    if pattern.operation == "UpdateItem":
        items[0] = expected[0]
    problem = _difference(expected, found, ordered=pattern.newest_first)
    if not problem and read > len(found) and not pattern.only:
        problem = f"reads {read} items to return {len(found)}"
    return replace(answer, calls=calls, items_read=read, items_returned=len(found), problem=problem)


def _expected(pattern: "AccessPattern", items: list[dict]) -> tuple[list[dict], dict[str, Any]]:
    """Return the right answer to a question, and the parameters of its expressions."""
    subject = items[0]
    values = {f":{name}": subject[name] for name in pattern.equal}
    expected = [item for item in items if all(item[name] == subject[name] for name in pattern.equal)]
    if pattern.between:
        # All but the first and the last, so that both bounds leave something out.
        expected = sorted(expected, key=itemgetter(pattern.between), reverse=pattern.newest_first)
        expected = expected[1:-1] or expected
        bounds = sorted(item[pattern.between] for item in expected)
        values |= {":from": bounds[0], ":to": bounds[-1]}
    if pattern.only:
        expected = [item for item in expected if item[pattern.only]]
        values = {":true": True}
    if pattern.operation == "UpdateItem":
        values[":new"] = _NEW
        expected = [expected[0] | {pattern.attribute: _NEW}]
    elif pattern.attribute:
        expected = [{pattern.attribute: subject[pattern.attribute]}]
    return expected, values


def _call(
    dynamodb: Any,  # noqa: ANN401 - a boto3 client
    name: str,
    index: str | None,
    pattern: "AccessPattern",
    values: dict[str, Any],
) -> tuple[int, int, list[dict[str, Any]]]:
    """Return how many calls a question took, how many items they read, and the answer."""
    key = _to_wire({attribute: values[f":{attribute}"] for attribute in pattern.equal})
    if pattern.operation == "GetItem":
        only = {"ProjectionExpression": pattern.attribute} if pattern.attribute else {}
        found = [item] if (item := dynamodb.get_item(TableName=name, Key=key, **only).get("Item")) else []
        return 1, len(found), [*map(_from_wire, found)]
    if pattern.operation == "UpdateItem":
        response = dynamodb.update_item(
            TableName=name,
            Key=key,
            UpdateExpression=f"SET {pattern.attribute} = :new",
            # UpdateItem would make the item that isn't there.
            ConditionExpression=f"attribute_exists({pattern.equal[0]})",
            ExpressionAttributeValues=_to_wire({":new": values[":new"]}),
            ReturnValues="ALL_NEW",
        )
        return 1, 1, [_from_wire(response["Attributes"])]
    request: dict[str, Any] = {"TableName": name, "ExpressionAttributeValues": _to_wire(values)}
    if index:
        request["IndexName"] = index
    if pattern.operation == "Query":
        request |= {"KeyConditionExpression": pattern.key_condition, "ScanIndexForward": not pattern.newest_first}
    else:
        request["FilterExpression"] = f"{pattern.only} = :true"
    pages = list(dynamodb.get_paginator(pattern.operation.lower()).paginate(**request))
    found = [item for page in pages for item in page["Items"]]
    return len(pages), sum(page["ScannedCount"] for page in pages), [*map(_from_wire, found)]


def _difference(expected: list[dict], found: list[dict], *, ordered: bool) -> str:
    """Say in what an answer differs from the right one."""
    if lacking := sorted({key for item in expected for key in item} - {key for item in found for key in item}):
        return f"the answer lacks {', '.join(lacking)}" if found else "the answer is empty"
    if not ordered:
        expected, found = sorted(expected, key=_text), sorted(found, key=_text)
    return "" if found == expected else f"the answer is not the {len(expected)} items that were written"


def _watch(clients: Clients, live: dict[str, Any], mappings: list[dict[str, Any]]) -> Iterator[Answer]:
    """Insert, change and delete an item; see what of it the table's stream shows, and what its triggers let by."""
    dynamodb, name = clients("dynamodb"), live["name"]
    key = {live[key]: "drill" for key in ("hashKey", "rangeKey") if key in live}
    item, changed = key | {"currency": "EUR"}, key | {"currency": "SEK"}
    for new in (item, changed):
        dynamodb.put_item(TableName=name, Item=_to_wire(new))
    dynamodb.delete_item(TableName=name, Key=_to_wire(key))
    expected = [("INSERT", {}, item), ("MODIFY", item, changed), ("REMOVE", changed, {})]

    calls, records = _records(clients("dynamodbstreams"), live["streamArn"], _to_wire(key), len(expected))
    seen = [
        (r["eventName"], *(_from_wire(r["dynamodb"].get(image, {})) for image in ("OldImage", "NewImage")))
        for r in records
    ]
    yield Answer(
        question="stream: an insert, a change and a delete, with both images",
        table=name,
        operation="GetRecords",
        calls=calls,
        items_read=len(records),
        items_returned=len(records),
        problem="" if seen == expected else f"the stream shows {seen}",
    )
    for mapping in mappings:
        if event_source_mapping.table_name(mapping) == name:
            passed = [record["eventName"] for record in records if _passes(mapping, record)]
            yield Answer(
                question=f"trigger {mapping['functionName'].rpartition(':')[2]}: by its filter only the insert",
                table=name,
                index=None,
                items_read=len(records),
                items_returned=len(passed),
                problem="" if passed == ["INSERT"] else f"the filter lets {passed} by",
            )


def _records(streams: Any, arn: str, key: dict, count: int) -> tuple[int, list[dict[str, Any]]]:  # noqa: ANN401 - a boto3 client
    """Return how many calls it took to read a stream, and its records of one item; wait until there are `count`."""
    calls, found, deadline = 0, [], time.monotonic() + _PATIENCE
    while len(found) < count and time.monotonic() < deadline:
        calls, found = calls + 1, []
        for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            position = {"ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
            iterator = streams.get_shard_iterator(StreamArn=arn, **position)["ShardIterator"]
            page = streams.get_records(ShardIterator=iterator)
            calls += 2
            found += [record for record in page["Records"] if record["dynamodb"]["Keys"] == key]
    return calls, found


def _passes(mapping: dict[str, Any], record: dict[str, Any]) -> bool:
    """Tell whether one of a mapping's filters lets a record by, as Lambda does; without a filter all pass."""
    from moto.events.models import EventPattern  # noqa: PLC0415 - needed only where there is a trigger

    filters = mapping["filterCriteria"]["filters"]
    event = json.loads(_text(record))
    return not filters or any(EventPattern.load(each["pattern"]).matches_event(event) for each in filters)


def _to_wire(item: dict[str, Any]) -> dict[str, Any]:
    return {name: TypeSerializer().serialize(value) for name, value in item.items()}


def _from_wire(item: dict[str, Any]) -> dict[str, Any]:
    return {name: TypeDeserializer().deserialize(value) for name, value in item.items()}


def _text(item: dict[str, Any]) -> str:
    return json.dumps(item, sort_keys=True, default=str)
