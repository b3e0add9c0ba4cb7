"""Makes the embedded AWS refuse what DynamoDB refuses while a table changes. moto makes every change at once.

Sources: DynamoDB API reference, UpdateTable and UpdateTimeToLive; developer guide, "Managing global secondary indexes".
"""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from ops.aws.clients import Clients

# How often DescribeTable shows a table as UPDATING, and a new index as CREATING, after a change.
_POLLS = 2
_CHANGES = ("Create", "Delete")
# The key under which the context of a call keeps its parameters.
_PARAMS = "strict-tables"


class StrictTables:
    """The changes in progress. A change ends after a few calls of DescribeTable, such as a waiter makes.

    Until then, AWS refuses other changes of the table, and queries on an index that is being built. An update creates
    or deletes one index. Items without the key of an index, or with a key of another type, are not in it.
    """

    def __init__(self, clients: Clients) -> None:
        """Apply the rules to every later call of these clients."""
        self._clients = clients
        self._polls: dict[str, int] = {}
        self._building: dict[str, set[str]] = {}
        self._keys: dict[tuple[str, str], dict[str, str]] = {}
        events = clients("dynamodb").meta.events
        rules = {
            "UpdateTable": self._update_table,
            "UpdateTimeToLive": self._update_time_to_live,
            "Query": self._read,
            "Scan": self._read,
        }
        for operation, rule in rules.items():
            events.register(f"provide-client-params.dynamodb.{operation}", _refusing(rule, operation))
        effects = {
            "UpdateTable": self._start,
            "DeleteTable": self._forget,
            "DescribeTable": self._describe,
            "Query": self._only_keyed,
            "Scan": self._only_keyed,
        }
        for operation, effect in effects.items():
            events.register(f"after-call.dynamodb.{operation}", effect)

    def wait(self, table: str) -> None:
        """Wait until a table is ACTIVE. It is UPDATING while one of its indexes is built, too."""
        while self._clients("dynamodb").describe_table(TableName=table)["Table"]["TableStatus"] != "ACTIVE":
            pass

    def is_busy(self, table: str) -> bool:
        """Tell whether a change of a table is in progress."""
        return bool(self._polls.get(table))

    def _update_table(self, params: dict[str, Any]) -> tuple[str, str] | None:
        name = params["TableName"]
        if self.is_busy(name):
            message = f"Attempt to change a resource which is still in use: Table is being updated: {name}"
            return "ResourceInUseException", message
        live = self._clients("dynamodb").describe_table(TableName=name)["Table"]
        actions = [each for update in params.get("GlobalSecondaryIndexUpdates", []) for each in update.items()]
        return (
            _too_many(actions)
            or _undefined(params, actions)
            or _wrong_stream(params, live)
            or _wrong_types(params, live)
            or _wrong_indexes(actions, live)
            or _without_capacity(params, actions, live)
        )

    def _start(self, context: dict[str, Any], **_: object) -> None:
        """Note a change that AWS has accepted."""
        params = context[_PARAMS]
        name, types = params["TableName"], _types(params.get("AttributeDefinitions", []))
        for update in params.get("GlobalSecondaryIndexUpdates", []):
            if index := update.get("Create"):
                self._building.setdefault(name, set()).add(index["IndexName"])
                keys = [key["AttributeName"] for key in index["KeySchema"]]
                self._keys[name, index["IndexName"]] = {key: types[key] for key in keys}
        self._polls[name] = _POLLS

    def _update_time_to_live(self, params: dict[str, Any]) -> tuple[str, str] | None:
        name, wanted = params["TableName"], params["TimeToLiveSpecification"]
        live = self._clients("dynamodb").describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        is_on = live.get("TimeToLiveStatus") == "ENABLED"
        if is_on and live.get("AttributeName") != wanted["AttributeName"]:
            message = (
                f"TimeToLive is active on a different AttributeName: current AttributeName is {live['AttributeName']}"
            )
            return "ValidationException", message
        return None

    def _read(self, params: dict[str, Any]) -> tuple[str, str] | None:
        index = params.get("IndexName")
        if index in self._building.get(params["TableName"], ()):
            return "ValidationException", f"Cannot read from backfilling global secondary index: {index}"
        return None

    def _forget(self, parsed: dict[str, Any], **_: object) -> None:
        """Forget a deleted table, because another may get its name."""
        if name := parsed.get("TableDescription", {}).get("TableName"):
            self._polls.pop(name, None)
            self._building.pop(name, None)
            self._keys = {key: types for key, types in self._keys.items() if key[0] != name}

    def _describe(self, parsed: dict[str, Any], **_: object) -> None:
        """Show a change in progress: the table as UPDATING, and the index as CREATING."""
        table = parsed.get("Table", {})
        name = table.get("TableName", "")
        for index in table.get("GlobalSecondaryIndexes", []):
            types, keys = _types(table["AttributeDefinitions"]), [key["AttributeName"] for key in index["KeySchema"]]
            self._keys.setdefault((name, index["IndexName"]), {key: types[key] for key in keys})
            if index["IndexName"] in self._building.get(name, ()) and self.is_busy(name):
                index |= {"IndexStatus": "CREATING", "Backfilling": True}
        if self.is_busy(name):
            table["TableStatus"] = "UPDATING"
            self._polls[name] -= 1
        else:
            self._building.pop(name, None)

    def _only_keyed(self, parsed: dict[str, Any], context: dict[str, Any], **_: object) -> None:
        """Leave out the items that lack the key of the index, or have one of another type."""
        params = context[_PARAMS]
        keys = self._keys.get((params["TableName"], params.get("IndexName", "")))
        if keys and "Items" in parsed:
            kept = [item for item in parsed["Items"] if all(type_ in item.get(key, {}) for key, type_ in keys.items())]
            parsed["ScannedCount"] -= len(parsed["Items"]) - len(kept)
            parsed["Items"], parsed["Count"] = kept, len(kept)


def _refusing(rule: Callable[[dict[str, Any]], tuple[str, str] | None], operation: str) -> Callable[..., None]:
    """Return a hook that raises the error, a code and a message, which a rule returns for the parameters of a call."""

    def refuse(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
        context[_PARAMS] = params
        if error := rule(params):
            code, message = error
            raise ClientError({"Error": {"Code": code, "Message": message}}, operation)

    return refuse


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


def _undefined(params: dict[str, Any], actions: Actions) -> tuple[str, str] | None:
    keys = {key["AttributeName"] for kind, action in actions if kind == "Create" for key in action["KeySchema"]}
    if missing := sorted(keys - _types(params.get("AttributeDefinitions", [])).keys()):
        return "ValidationException", (
            "One or more parameter values were invalid: Some index key attributes are not defined in "
            f"AttributeDefinitions. Keys: [{', '.join(missing)}]"
        )
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
    mode = live.get("BillingModeSummary", {}).get("BillingMode")
    if mode == "PAY_PER_REQUEST" and params.get("BillingMode") == "PROVISIONED":
        given = {action["IndexName"] for kind, action in actions if kind == "Update"}
        for name in _indexes(live).keys() - given:
            return "ValidationException", f"ProvisionedThroughput must be specified for index: {name}"
    return None
