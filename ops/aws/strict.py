"""Makes the embedded AWS as strict with tables that change as DynamoDB is: moto takes several changes at once.

Sources: DynamoDB API reference, UpdateTable and UpdateTimeToLive; developer guide, "Managing global secondary indexes".
"""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from ops.aws.clients import Clients

# How often DescribeTable shows a table as UPDATING, and then an index as being built.
_POLLS = 2
_CHANGES = ("Create", "Delete")


class StrictTables:
    """What is under way on each table. A change lasts until DescribeTable was asked often enough, as a waiter does.

    One index is created or deleted for each update; nothing else changes meanwhile; an index can't be read until it is
    built; items without its key, or with a key of another type, are not in it.
    """

    def __init__(self, clients: Clients) -> None:
        """Hold every later call of these clients to the rules."""
        self._clients = clients
        self._polls: dict[str, int] = {}
        self._building: dict[str, set[str]] = {}
        self._keys: dict[tuple[str, str], dict[str, str]] = {}
        self._asked: tuple[str, str] | None = None
        events, hooks = (
            clients("dynamodb").meta.events,
            {
                "UpdateTable": self._update_table,
                "UpdateTimeToLive": self._update_time_to_live,
                "Query": self._read,
                "Scan": self._read,
            },
        )
        for operation, hook in hooks.items():
            events.register(f"provide-client-params.dynamodb.{operation}", self._hook(hook, operation))
        events.register("after-call.dynamodb.DescribeTable", self._describe)
        for operation in ("Query", "Scan"):
            events.register(f"after-call.dynamodb.{operation}", self._only_keyed)

    def wait(self, table: str) -> None:
        """Wait until a table is ACTIVE, and all of its indexes are."""
        while True:
            found = self._clients("dynamodb").describe_table(TableName=table)["Table"]
            indexes = found.get("GlobalSecondaryIndexes", [])
            if found["TableStatus"] == "ACTIVE" and all(index["IndexStatus"] == "ACTIVE" for index in indexes):
                return

    def is_busy(self, table: str) -> bool:
        """Tell whether a change of a table is under way."""
        return bool(self._polls.get(table))

    @staticmethod
    def _hook(hook: Callable[[dict[str, Any]], tuple[str, str] | None], operation: str) -> Callable[..., None]:
        def refuse(params: dict[str, Any], **_: object) -> None:
            if found := hook(params):
                code, message = found
                raise ClientError({"Error": {"Code": code, "Message": message}}, operation)

        return refuse

    def _update_table(self, params: dict[str, Any]) -> tuple[str, str] | None:
        name = params["TableName"]
        if self.is_busy(name):
            message = f"Attempt to change a resource which is still in use: Table is being updated: {name}"
            return "ResourceInUseException", message
        live = self._clients("dynamodb").describe_table(TableName=name)["Table"]
        actions = [each for update in params.get("GlobalSecondaryIndexUpdates", []) for each in update.items()]
        problem = (
            _too_many(actions)
            or _wrong_stream(params, live)
            or _wrong_types(params, live)
            or _wrong_indexes(actions, live)
        ) or _without_capacity(params, actions, live)
        if not problem:
            types = _types(params.get("AttributeDefinitions", []))
            for index in (action for kind, action in actions if kind == "Create"):
                self._building.setdefault(name, set()).add(index["IndexName"])
                keys = {key["AttributeName"]: types[key["AttributeName"]] for key in index["KeySchema"]}
                self._keys[name, index["IndexName"]] = keys
            self._polls[name] = _POLLS
        return problem

    def _update_time_to_live(self, params: dict[str, Any]) -> tuple[str, str] | None:
        name, wanted = params["TableName"], params["TimeToLiveSpecification"]
        live = self._clients("dynamodb").describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        is_on = live.get("TimeToLiveStatus") == "ENABLED"
        if is_on and wanted["Enabled"] and live.get("AttributeName") != wanted["AttributeName"]:
            message = (
                f"TimeToLive is active on a different AttributeName: current AttributeName is {live['AttributeName']}"
            )
            return "ValidationException", message
        return None

    def _read(self, params: dict[str, Any]) -> tuple[str, str] | None:
        name, index = params["TableName"], params.get("IndexName")
        self._asked = (name, index) if index else None
        if index in self._building.get(name, ()):
            return "ValidationException", f"Cannot read from backfilling global secondary index: {index}"
        return None

    def _describe(self, parsed: dict[str, Any], **_: object) -> None:
        """Show a change that is under way: first the table as UPDATING, then also the index as being built."""
        found = parsed.get("Table", {})
        name = found.get("TableName", "")
        for index in found.get("GlobalSecondaryIndexes", []):
            types, keys = _types(found["AttributeDefinitions"]), [key["AttributeName"] for key in index["KeySchema"]]
            self._keys.setdefault((name, index["IndexName"]), {key: types[key] for key in keys})
            if index["IndexName"] in self._building.get(name, ()) and self.is_busy(name):
                index |= {"IndexStatus": "CREATING", "Backfilling": True}
        if self.is_busy(name):
            found["TableStatus"] = "UPDATING"
            self._polls[name] -= 1
        else:
            self._building.pop(name, None)

    def _only_keyed(self, parsed: dict[str, Any], **_: object) -> None:
        """Leave out of an index what lacks its key, or has one of another type."""
        keys = self._keys.get(self._asked, {}) if self._asked else {}
        if keys and "Items" in parsed:
            kept = [item for item in parsed["Items"] if all(type_ in item.get(key, {}) for key, type_ in keys.items())]
            parsed["ScannedCount"] -= len(parsed["Items"]) - len(kept)
            parsed["Items"], parsed["Count"] = kept, len(kept)


Actions = list[tuple[str, dict[str, Any]]]


def _types(definitions: Any) -> dict[str, str]:  # noqa: ANN401 - as AWS has them
    return {each["AttributeName"]: each["AttributeType"] for each in definitions}


def _indexes(live: Any) -> dict[str, Any]:  # noqa: ANN401 - what DescribeTable answers
    return {index["IndexName"]: index for index in live.get("GlobalSecondaryIndexes", [])}


def _too_many(actions: Actions) -> tuple[str, str] | None:
    if sum(kind in _CHANGES for kind, _ in actions) > 1:
        message = "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
        return "LimitExceededException", message
    return None


def _wrong_stream(params: dict[str, Any], live: Any) -> tuple[str, str] | None:  # noqa: ANN401 - as _indexes
    is_on = live.get("StreamSpecification", {}).get("StreamEnabled")
    if is_on and params.get("StreamSpecification", {}).get("StreamEnabled"):
        return "ValidationException", f"Table already has an enabled stream: TableName: {params['TableName']}"
    return None


def _wrong_types(params: dict[str, Any], live: Any) -> tuple[str, str] | None:  # noqa: ANN401 - as _indexes
    types = _types(live["AttributeDefinitions"])
    used = {key["AttributeName"] for item in (live, *_indexes(live).values()) for key in item["KeySchema"]}
    for name, type_ in _types(params.get("AttributeDefinitions", [])).items():
        if name in used and types.get(name) != type_:
            return "ValidationException", f"{name} is a key of type {types.get(name)}, which can't change to {type_}"
    return None


def _wrong_indexes(actions: Actions, live: Any) -> tuple[str, str] | None:  # noqa: ANN401 - as _indexes
    for kind, action in actions:
        if kind == "Create" and action["IndexName"] in _indexes(live):
            return "ValidationException", f"Attempting to create an index which already exists: {action['IndexName']}"
        if kind != "Create" and action["IndexName"] not in _indexes(live):
            return "ResourceNotFoundException", f"The table does not have the specified index: {action['IndexName']}"
    return None


def _without_capacity(params: dict[str, Any], actions: Actions, live: Any) -> tuple[str, str] | None:  # noqa: ANN401 - as _indexes
    was = live.get("BillingModeSummary", {}).get("BillingMode")
    if was == "PAY_PER_REQUEST" and params.get("BillingMode") == "PROVISIONED":
        given = {action["IndexName"] for kind, action in actions if kind == "Update"}
        for name in _indexes(live).keys() - given:
            return "ValidationException", f"ProvisionedThroughput must be specified for index: {name}"
    return None
