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
from ops.plan import Plan
from ops.project import Stack
from ops.readback import Readback
from ops.resources import event_source_mapping, table

if TYPE_CHECKING:
    from components.schema import AccessPattern, Table

# Seconds until a stream must show what was written; AWS says usually less than one.
_PATIENCE = 5
_NEW = "2026-06-01T06:00:00Z"
# What a record shows, by the stream's view type.
_IMAGES = {
    "NEW_AND_OLD_IMAGES": ("OldImage", "NewImage"),
    "NEW_IMAGE": ("NewImage",),
    "OLD_IMAGE": ("OldImage",),
    "KEYS_ONLY": (),
}


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

    @property
    def where(self) -> str:
        """The table, and the index if it is asked."""
        return f"{self.table}, {self.index}" if self.index else self.table


def drill(stack: Stack, plan: Plan, read: Readback, clients: Clients) -> list[Answer]:
    """Write example items to the tables of `plan`, ask every access pattern of them, and read every stream.

    Raises CallError for a project that has no access patterns.
    """
    names = {r.name: r.inputs["name"] for r in plan.resources if r.type == table.TYPE}
    definitions, examples = _data(stack, "tables")["TABLES"], _data(stack, "examples")["ITEMS"]
    mappings = read.live.get(event_source_mapping.TYPE, [])
    answers: list[Answer] = []
    for definition in definitions:
        name = names.get(definition.logical_name, definition.name)
        items = list(examples.get(definition.logical_name, []))
        try:
            for item in items:
                clients("dynamodb").put_item(TableName=name, Item=_to_wire(item))
        except (BotoCoreError, ClientError) as error:
            problem = f"its example items can't be written: {one_line(error)}"
            answers += [Answer(question=p.question, table=name, problem=problem) for p in definition.access_patterns]
        else:
            answers += [_ask(clients, definition, name, pattern, items) for pattern in definition.access_patterns]
    for definition in definitions:
        if definition.stream_view_type:
            name = names.get(definition.logical_name, definition.name)
            found = next((made for made in read.live[table.TYPE] if made["name"] == name), {})
            answers += _watch(clients, definition, found, mappings)
    return answers


def _data(stack: Stack, module: str) -> dict[str, Any]:
    """Return what is in a module of the stack's components; the program has run, so what it imports can be imported."""
    path = stack.directory / "components" / f"{module}.py"
    if not path.is_file():
        msg = f"no {path}: a drill asks the access patterns of components/tables.py about components/examples.py"
        raise CallError(msg)
    return runpy.run_path(str(path))


def _ask(clients: Clients, definition: "Table", name: str, pattern: "AccessPattern", items: list[dict]) -> Answer:
    """Ask one question, of the first item's values, and compare the answer with what a look through the items finds."""
    index = next((index for index in definition.indexes if index.logical_name == pattern.index), None)
    index_name = index.name if index else pattern.index
    answer = Answer(question=pattern.question, table=name, index=index_name, operation=pattern.operation)
    needed = {name for name in (*pattern.equal, pattern.between, pattern.only, pattern.attribute) if name}
    if not items or needed - items[0].keys():
        lacking = ", ".join(sorted(needed - items[0].keys() if items else needed))
        problem = f"components/examples.py has no items of {definition.logical_name} with {lacking}"
        return replace(answer, problem=problem)
    expected, values = _expected(pattern, items)
    try:
        calls, read, found = _call(clients("dynamodb"), name, index_name, pattern, values)
    except (BotoCoreError, ClientError) as error:
        return replace(answer, calls=1, problem=one_line(error))
    if pattern.operation == "UpdateItem":
        items[0] = expected[0]
    problem = _difference(expected, found)
    sort_key = (index or definition).sort_key
    if pattern.newest_first and sort_key and found != sorted(found, key=itemgetter(sort_key), reverse=True):
        problem = problem or f"the answer is not in descending order of {sort_key}"
    if read > len(found) and not pattern.only:
        problem = problem or f"reads {read} items to return {len(found)}"
    return replace(answer, calls=calls, items_read=read, items_returned=len(found), problem=problem)


def _expected(pattern: "AccessPattern", items: list[dict]) -> tuple[list[dict], dict[str, Any]]:
    """Return the right answer to a question, and the parameters of its expressions."""
    subject = items[0]
    values = {f":{name}": subject[name] for name in pattern.equal}
    expected = [item for item in items if all(item.get(name) == subject[name] for name in pattern.equal)]
    if pattern.between:
        # From the second value to the last but one, so that both bounds leave something out.
        found = sorted({item[pattern.between] for item in expected if pattern.between in item})
        low, high = (found[1:-1] or found)[0], (found[1:-1] or found)[-1]
        expected = [item for item in expected if low <= item.get(pattern.between, "") <= high]
        values |= {":from": low, ":to": high}
    if pattern.only:
        expected = [item for item in expected if item.get(pattern.only)]
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


def _difference(expected: list[dict], found: list[dict]) -> str:
    """Say in what an answer differs from the right one."""
    if lacking := sorted({key for item in expected for key in item} - {key for item in found for key in item}):
        return f"the answer lacks {', '.join(lacking)}" if found else "the answer is empty"
    if not expected:
        return "no item of components/examples.py is an answer"
    if sorted(found, key=_text) != sorted(expected, key=_text):
        return f"the answer has {len(found)} items, which are not the {len(expected)} that were written"
    return ""


def _watch(
    clients: Clients, definition: "Table", live: dict[str, Any], mappings: list[dict[str, Any]]
) -> Iterator[Answer]:
    """Insert, change and delete an item; see what of it the table's stream shows, and what its triggers let by."""
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
        clients("dynamodb").put_item(TableName=name, Item=_to_wire(new))
    clients("dynamodb").delete_item(TableName=name, Key=_to_wire(key))
    shown = _IMAGES[definition.stream_view_type or ""]
    written = [
        ("INSERT", {"NewImage": item}),
        ("MODIFY", {"OldImage": item, "NewImage": changed}),
        ("REMOVE", {"OldImage": changed}),
    ]
    expected = [(event, {image: made[image] for image in shown if image in made}) for event, made in written]
    calls, records = _records(clients("dynamodbstreams"), live["streamArn"], _to_wire(key), len(expected))
    seen = [(r["eventName"], {i: _from_wire(r["dynamodb"][i]) for i in shown if i in r["dynamodb"]}) for r in records]
    mine = [mapping for mapping in mappings if event_source_mapping.table_name(mapping) == name]
    problem = "" if seen == expected else f"the stream shows {seen}, not {expected}"
    if mine and not seen:
        problem = (
            "the stream shows nothing: moto as a server takes the records where there is a trigger; drill without it"
        )
    yield replace(answer, calls=calls, items_read=len(records), items_returned=len(records), problem=problem)
    for mapping in mine:
        yield _filter(mapping, name, records)


def _filter(mapping: dict[str, Any], name: str, records: list[dict[str, Any]]) -> Answer:
    """See which records of an insert, a change and a delete a trigger gets."""
    answer = Answer(
        question=f"trigger {mapping['functionName']}: by its filter only the insert", table=name, operation="filter"
    )
    from moto.core.exceptions import JsonRESTError  # noqa: PLC0415 - needed only where there is a trigger
    from moto.events.models import EventPattern  # noqa: PLC0415

    try:
        filters = [EventPattern.load(each["pattern"]) for each in mapping["filterCriteria"]["filters"]]
        events = [json.loads(_text(record)) for record in records]
        # As Lambda does: a record passes that one of the filters matches, and every one where there is none.
        passed = [e["eventName"] for e in events if not filters or any(f.matches_event(e) for f in filters)]
    except (JsonRESTError, AttributeError) as error:
        return replace(answer, problem=f"its filter is no event pattern: {one_line(error)}")
    problem = "" if passed == ["INSERT"] else f"its filter lets {passed} by"
    if not mapping["enabled"]:
        problem = "it is disabled"
    return replace(answer, items_read=len(records), items_returned=len(passed), problem=problem)


def _records(streams: Any, arn: str, key: dict, count: int) -> tuple[int, list[dict[str, Any]]]:  # noqa: ANN401 - a boto3 client
    """Return how many calls it took to read a stream, and its records of one item; wait until there are `count`."""
    calls, found, deadline = 0, [], time.monotonic() + _PATIENCE
    while len(found) < count and time.monotonic() < deadline:
        if calls:
            time.sleep(0.1)
        calls, found = calls + 1, []
        for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            position = {"ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
            iterator = streams.get_shard_iterator(StreamArn=arn, **position)["ShardIterator"]
            page = streams.get_records(ShardIterator=iterator)
            calls += 2
            found += [record for record in page["Records"] if record["dynamodb"]["Keys"] == key]
    return calls, found


def _to_wire(item: dict[str, Any]) -> dict[str, Any]:
    return {name: TypeSerializer().serialize(value) for name, value in item.items()}


def _from_wire(item: dict[str, Any]) -> dict[str, Any]:
    return {name: TypeDeserializer().deserialize(value) for name, value in item.items()}


def _text(item: dict[str, Any]) -> str:
    return json.dumps(item, sort_keys=True, default=str)
