"""Makes each query and write of the application in a rehearsed stack, and checks the answers."""

from dataclasses import replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ops.aws import provider
from ops.aws.clients import Clients
from ops.aws.resources import event_source_mapping, table
from ops.drift import Drift
from ops.engine.plan import Plan
from ops.engine.project import Stack
from ops.errors import one_line, reading_answer
from ops.rehearse import definitions, streams
from ops.rehearse.answer import Answer, as_text, from_item, to_item

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

    from components.schema import AccessPattern, Table

# What an UpdateItem sets, and the value of each key attribute of the item that is put or deleted. No example has them.
_NEW = "2026-06-01T06:00:00Z"
_KEY = "drill of a write"


def drill(stack: Stack, plan: Plan, drift: Drift, clients: Clients) -> list[Answer]:
    """Write example items to the tables of `plan`, run all access patterns, and read all streams.

    Raises CallError if the project has no access patterns.
    """
    names = {r.name: provider.effective_inputs(r)["name"] for r in plan.resources if r.type == table.TYPE}
    defined = definitions.load(stack.directory)
    mappings = drift.live.get(event_source_mapping.TYPE, [])
    answers: list[Answer] = []
    for definition in defined.tables:
        name = names.get(definition.logical_name, definition.name)
        items = list(defined.items.get(definition.logical_name, []))
        answers += write(clients, definition, name, items) or [
            ask(clients, definition, name, pattern, items) for pattern in definition.access_patterns
        ]
    for definition in defined.tables:
        if definition.stream_view_type:
            name = names.get(definition.logical_name, definition.name)
            live = next((live for live in drift.live[table.TYPE] if live["name"] == name), {})
            answers += streams.check(clients, definition, live, mappings)
    return answers


def write(clients: Clients, definition: "Table", name: str, items: list[dict]) -> list[Answer]:
    """Write example items to a table. If AWS refuses one, return that as the answer to each query of the table."""
    try:
        for item in items:
            clients("dynamodb").put_item(TableName=name, Item=to_item(item))
    except (BotoCoreError, ClientError) as error:
        problem = f"its example items can't be written: {one_line(error)}"
        return [Answer(question=p.question, table=name, problem=problem) for p in definition.access_patterns]
    return []


def ask(  # noqa: PLR0913 - what is asked of which table, by whom, and the items that answer it
    clients: Clients,
    definition: "Table",
    name: str,
    pattern: "AccessPattern",
    items: list[dict],
    *,
    asker: Clients | None = None,
) -> Answer:
    """Run an access pattern with the values of the first item, and check the answer against the items.

    `asker` makes only the call of the access pattern; `clients` prepares a write, and looks up what it wrote.
    """
    asker = asker or clients
    index = next((index for index in definition.indexes if index.logical_name == pattern.index), None)
    index_name = index.name if index else pattern.index
    answer = Answer(question=pattern.question, table=name, index=index_name, operation=pattern.operation)
    needed = {name for name in (*pattern.key, pattern.between, pattern.filter_by, pattern.attribute) if name}
    if not items or needed - items[0].keys():
        lacking = ", ".join(sorted(needed - items[0].keys() if items else needed))
        problem = f"components/examples.py has no items of {definition.logical_name} with {lacking}"
        return replace(answer, problem=problem)
    try:
        with reading_answer():
            if write := _WRITES.get(pattern.operation):
                problem = write(clients("dynamodb"), asker("dynamodb"), name, pattern, items)
                return replace(answer, calls=1, problem=problem)
            expected, values = _expected(pattern, items)
            calls, read, actual = _call(asker("dynamodb"), name, index_name, pattern, values)
    except (BotoCoreError, ClientError) as error:
        return replace(answer, calls=1, problem=one_line(error))
    problem = _difference(expected, actual)
    sort_key = (index or definition).sort_key
    if pattern.newest_first and sort_key and actual != sorted(actual, key=itemgetter(sort_key), reverse=True):
        problem = problem or f"the answer is not in descending order of {sort_key}"
    if read > len(actual) and not pattern.filter_by:
        problem = problem or f"reads {read} items to return {len(actual)}"
    return replace(answer, calls=calls, items_read=read, items_returned=len(actual), problem=problem)


def _expected(pattern: "AccessPattern", items: list[dict]) -> tuple[list[dict], dict[str, Any]]:
    """Return the right answer of an access pattern, and the parameters for its expressions."""
    subject = items[0]
    values = {f":{name}": subject[name] for name in pattern.key}
    expected = [item for item in items if all(item.get(name) == subject[name] for name in pattern.key)]
    if pattern.between:
        # From the second value to the second last, so that both bounds exclude something.
        values_between = sorted({item[pattern.between] for item in expected if pattern.between in item})
        inner = values_between[1:-1] or values_between
        low, high = inner[0], inner[-1]
        expected = [item for item in expected if low <= item.get(pattern.between, "") <= high]
        values |= {":from": low, ":to": high}
    if pattern.filter_by:
        expected = [item for item in expected if item.get(pattern.filter_by)]
        values = {":true": True}
    if pattern.attribute:
        expected = [{pattern.attribute: subject[pattern.attribute]}]
    return expected, values


def _call(
    dynamodb: "DynamoDBClient", name: str, index: str | None, pattern: "AccessPattern", values: dict[str, Any]
) -> tuple[int, int, list[dict[str, Any]]]:
    """Return the number of calls, the number of items that they read, and the answer."""
    key = to_item({attribute: values[f":{attribute}"] for attribute in pattern.key})
    if pattern.operation == "GetItem":
        only: dict[str, Any] = {"ProjectionExpression": pattern.attribute} if pattern.attribute else {}
        item = dynamodb.get_item(TableName=name, Key=key, **only).get("Item")
        return (1, 1, [from_item(item)]) if item else (1, 0, [])
    request: dict[str, Any] = {"TableName": name, "ExpressionAttributeValues": to_item(values)}
    if index:
        request["IndexName"] = index
    if pattern.operation == "Query":
        request |= {"KeyConditionExpression": pattern.key_condition, "ScanIndexForward": not pattern.newest_first}
        pages = list(dynamodb.get_paginator("query").paginate(**request))
    else:
        request["FilterExpression"] = f"{pattern.filter_by} = :true"
        pages = list(dynamodb.get_paginator("scan").paginate(**request))
    actual = [item for page in pages for item in page["Items"]]
    return len(pages), sum(page["ScannedCount"] for page in pages), [*map(from_item, actual)]


def _update(
    dynamodb: "DynamoDBClient", asker: "DynamoDBClient", name: str, pattern: "AccessPattern", items: list[dict]
) -> str:
    """Set an attribute of the first item. Return the problem, or ""."""
    key = to_item({attribute: items[0][attribute] for attribute in pattern.key})
    asker.update_item(
        TableName=name,
        Key=key,
        UpdateExpression=f"SET {pattern.attribute} = :new",
        # Without a condition, UpdateItem creates a missing item.
        ConditionExpression=f"attribute_exists({pattern.key[0]})",
        ExpressionAttributeValues=to_item({":new": _NEW}),
    )
    # The example itself must not change: other drills read it.
    items[0] = items[0] | {pattern.attribute: _NEW}
    return _difference([items[0]], _found(dynamodb, name, key))


def _put(
    dynamodb: "DynamoDBClient", asker: "DynamoDBClient", name: str, pattern: "AccessPattern", items: list[dict]
) -> str:
    """Put a copy of the first item under another key, and delete it. Return the problem, or ""."""
    key = dict.fromkeys(pattern.key, _KEY)
    item = items[0] | key
    asker.put_item(TableName=name, Item=to_item(item))
    try:
        return _difference([item], _found(dynamodb, name, to_item(key)))
    finally:
        dynamodb.delete_item(TableName=name, Key=to_item(key))


def _delete(
    dynamodb: "DynamoDBClient", asker: "DynamoDBClient", name: str, pattern: "AccessPattern", items: list[dict]
) -> str:
    """Delete a copy of the first item that is put under another key. Return the problem, or ""."""
    key = to_item(dict.fromkeys(pattern.key, _KEY))
    dynamodb.put_item(TableName=name, Item=to_item(items[0]) | key)
    try:
        asker.delete_item(TableName=name, Key=key)
    finally:
        is_left = _found(dynamodb, name, key)
        if is_left:
            dynamodb.delete_item(TableName=name, Key=key)
    return "the item is still there" if is_left else ""


_WRITES = {"UpdateItem": _update, "PutItem": _put, "DeleteItem": _delete}


def _found(dynamodb: "DynamoDBClient", name: str, key: dict[str, Any]) -> list[dict[str, Any]]:
    item = dynamodb.get_item(TableName=name, Key=key, ConsistentRead=True).get("Item")
    return [from_item(item)] if item else []


def _difference(expected: list[dict], actual: list[dict]) -> str:
    """Return how an answer differs from the right one, or ""."""
    if lacking := sorted({key for item in expected for key in item} - {key for item in actual for key in item}):
        return f"the answer lacks {', '.join(lacking)}" if actual else "the answer is empty"
    if not expected:
        return "no item of components/examples.py is an answer"
    if sorted(actual, key=as_text) != sorted(expected, key=as_text):
        return f"the answer has {len(actual)} items, which are not the {len(expected)} that were written"
    return ""
