"""The embedded AWS refuses what DynamoDB refuses of a table that changes, and shows a change that is under way."""

from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from ops.aws.resources import table
from ops.aws.strict import StrictTables

KEYS: dict[str, Any] = {
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("id", "day", "owner")]
}
UNITS = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
BUSY = (
    "An error occurred (ResourceInUseException) when calling the UpdateTable operation: "
    "Attempt to change a resource which is still in use: Table is being updated: things"
)


def index(name, **more):
    key = [{"AttributeName": "owner", "KeyType": "HASH"}]
    return {"IndexName": name, "KeySchema": key, "Projection": {"ProjectionType": "ALL"}, **more}


def created(name, **more):
    return {"Create": index(name, **more)}


def deleted(name):
    return {"Delete": {"IndexName": name}}


def stream(view):
    return {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": view}}


@pytest.fixture
def strict(clients):
    return StrictTables(clients)


@pytest.fixture
def dynamodb(clients, strict):  # noqa: ARG001 - it is enough that it is there
    """Return a client of an account with a table that has an index, and a stream."""
    inputs = {
        "name": "things",
        "billingMode": "PAY_PER_REQUEST",
        "hashKey": "id",
        "attributes": [{"name": "id", "type": "S"}, {"name": "day", "type": "S"}],
        "globalSecondaryIndexes": [{"name": "by-day", "hashKey": "day", "projectionType": "ALL"}],
        "streamEnabled": True,
        "streamViewType": "KEYS_ONLY",
        "ttl": {"enabled": True, "attributeName": "expires"},
    }
    table.create(clients, inputs)
    return clients("dynamodb")


def update(dynamodb, *actions, **more):
    dynamodb.update_table(
        TableName="things", **({"GlobalSecondaryIndexUpdates": [*actions]} if actions else {}), **more
    )


def statuses(dynamodb):
    """Return the status of the table, and that of each index and whether it is filled."""
    found = dynamodb.describe_table(TableName="things")["Table"]
    return found["TableStatus"], {
        each["IndexName"]: (each["IndexStatus"], each.get("Backfilling")) for each in found["GlobalSecondaryIndexes"]
    }


def put(dynamodb, **item):
    dynamodb.put_item(TableName="things", Item={key: {type_: value} for key, (type_, value) in item.items()})


def ids(dynamodb, **request):
    return sorted(item["id"]["S"] for item in dynamodb.scan(TableName="things", **request)["Items"])


@dataclass(frozen=True)
class Refusal:
    """An update that is refused, and the code and the message of the refusal."""

    name: str
    actions: list[dict[str, Any]]
    code: str
    message: str
    more: dict[str, Any]

    @property
    def error(self) -> str:
        return f"An error occurred ({self.code}) when calling the UpdateTable operation: {self.message}"


LIMIT = "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
REFUSALS = [
    Refusal("two indexes are created", [created("extra"), created("other")], "LimitExceededException", LIMIT, KEYS),
    Refusal(
        "an index is deleted and another created",
        [deleted("by-day"), created("extra")],
        "LimitExceededException",
        LIMIT,
        KEYS,
    ),
    Refusal(
        "the key of an index is not defined",
        [created("extra")],
        "ValidationException",
        "One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. "
        "Keys: [owner]",
        {},
    ),
    Refusal(
        "an index is created that exists",
        [created("by-day")],
        "ValidationException",
        "Attempting to create an index which already exists: by-day",
        KEYS,
    ),
    Refusal(
        "an index is deleted that does not exist",
        [deleted("extra")],
        "ResourceNotFoundException",
        "The table does not have the specified index: extra",
        {},
    ),
    Refusal(
        "an index is updated that does not exist",
        [{"Update": {"IndexName": "extra", "ProvisionedThroughput": UNITS}}],
        "ResourceNotFoundException",
        "The table does not have the specified index: extra",
        {},
    ),
    Refusal(
        "the type of the table's key changes",
        [],
        "ValidationException",
        "id is a key of type S, which can't change to N",
        {"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"}]},
    ),
    Refusal(
        "the type of an index's key changes",
        [],
        "ValidationException",
        "day is a key of type S, which can't change to N",
        {"AttributeDefinitions": [{"AttributeName": "day", "AttributeType": "N"}]},
    ),
    Refusal(
        "a stream is turned on that is on",
        [],
        "ValidationException",
        "Table already has an enabled stream: TableName: things",
        stream("NEW_IMAGE"),
    ),
    Refusal(
        "the table becomes provisioned, and its index has no capacity",
        [],
        "ValidationException",
        "ProvisionedThroughput must be specified for index: by-day",
        {"BillingMode": "PROVISIONED", "ProvisionedThroughput": UNITS},
    ),
]


@pytest.mark.parametrize("refusal", [pytest.param(refusal, id=refusal.name) for refusal in REFUSALS])
def test_an_update_that_dynamodb_refuses_changes_nothing(dynamodb, strict, refusal):
    before = dynamodb.describe_table(TableName="things")["Table"]
    with pytest.raises(ClientError) as error:
        update(dynamodb, *refusal.actions, **refusal.more)

    assert str(error.value) == refusal.error
    assert not strict.is_busy("things")
    assert dynamodb.describe_table(TableName="things")["Table"] == before


def test_a_table_becomes_provisioned_with_the_capacity_of_its_indexes(dynamodb, strict):
    capacity = {"Update": {"IndexName": "by-day", "ProvisionedThroughput": UNITS}}
    update(dynamodb, capacity, BillingMode="PROVISIONED", ProvisionedThroughput=UNITS)
    strict.wait("things")

    assert dynamodb.describe_table(TableName="things")["Table"]["BillingModeSummary"]["BillingMode"] == "PROVISIONED"
    # From then on an update needs to name only what changes.
    update(dynamodb, BillingMode="PROVISIONED", ProvisionedThroughput=UNITS | {"ReadCapacityUnits": 2})


def test_a_stream_is_turned_off_and_on_in_two_updates(dynamodb, strict):
    update(dynamodb, StreamSpecification={"StreamEnabled": False})
    strict.wait("things")
    update(dynamodb, **stream("NEW_IMAGE"))

    found = dynamodb.describe_table(TableName="things")["Table"]
    assert found["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}


def test_a_table_is_updating_then_active(dynamodb, strict):
    update(dynamodb, DeletionProtectionEnabled=True)

    assert strict.is_busy("things")
    shown = [statuses(dynamodb) for _ in range(3)]
    assert shown == [
        ("UPDATING", {"by-day": ("ACTIVE", None)}),
        ("UPDATING", {"by-day": ("ACTIVE", None)}),
        ("ACTIVE", {"by-day": ("ACTIVE", None)}),
    ]
    assert not strict.is_busy("things")


def test_an_index_is_created_and_filled_then_active(dynamodb):
    update(dynamodb, created("extra"), **KEYS)

    shown = [statuses(dynamodb) for _ in range(3)]
    assert shown == [
        ("UPDATING", {"by-day": ("ACTIVE", None), "extra": ("CREATING", True)}),
        ("UPDATING", {"by-day": ("ACTIVE", None), "extra": ("CREATING", True)}),
        ("ACTIVE", {"by-day": ("ACTIVE", None), "extra": ("ACTIVE", None)}),
    ]


def test_nothing_else_changes_while_a_table_is_updating(dynamodb, strict):
    update(dynamodb, created("extra"), **KEYS)
    with pytest.raises(ClientError) as error:
        update(dynamodb, DeletionProtectionEnabled=True)
    assert str(error.value) == BUSY

    strict.wait("things")
    update(dynamodb, DeletionProtectionEnabled=True)
    assert dynamodb.describe_table(TableName="things")["Table"]["DeletionProtectionEnabled"]


@pytest.mark.parametrize("operation", ["Scan", "Query"])
def test_an_index_is_not_read_until_it_is_filled(dynamodb, strict, operation):
    put(dynamodb, id=("S", "1"), owner=("S", "me"))
    update(dynamodb, created("extra"), **KEYS)
    condition = {"KeyConditionExpression": "#o = :o", "ExpressionAttributeNames": {"#o": "owner"}}
    values = {"ExpressionAttributeValues": {":o": {"S": "me"}}}
    request = {"TableName": "things", "IndexName": "extra", **(condition | values if operation == "Query" else {})}
    read = {"Scan": dynamodb.scan, "Query": dynamodb.query}[operation]

    with pytest.raises(ClientError) as error:
        read(**request)
    assert str(error.value) == (
        f"An error occurred (ValidationException) when calling the {operation} operation: "
        "Cannot read from backfilling global secondary index: extra"
    )
    assert ids(dynamodb) == ["1"]
    assert ids(dynamodb, IndexName="by-day") == []
    strict.wait("things")
    assert [item["id"]["S"] for item in read(**request)["Items"]] == ["1"]


def test_an_index_has_the_items_with_its_key_in_its_type(dynamodb, strict):
    put(dynamodb, id=("S", "another type"), owner=("N", "1"))
    put(dynamodb, id=("S", "without"), day=("S", "monday"))
    update(dynamodb, created("extra"), **KEYS)
    strict.wait("things")

    found = dynamodb.scan(TableName="things", IndexName="extra")
    assert (found["Items"], found["Count"], found["ScannedCount"]) == ([], 0, 0)
    assert ids(dynamodb) == ["another type", "without"]
    assert ids(dynamodb, IndexName="by-day") == ["without"]


def test_an_index_that_was_there_has_the_items_with_its_key(dynamodb, strict):
    strict.wait("things")
    put(dynamodb, id=("S", "with"), day=("S", "monday"))
    put(dynamodb, id=("S", "without"))

    found = dynamodb.scan(TableName="things", IndexName="by-day")
    assert ([item["id"]["S"] for item in found["Items"]], found["Count"], found["ScannedCount"]) == (["with"], 1, 1)


def test_an_index_that_is_made_anew_goes_by_its_new_key(dynamodb, strict):
    put(dynamodb, id=("S", "1"), day=("S", "monday"), owner=("S", "me"))
    put(dynamodb, id=("S", "2"), day=("S", "monday"))
    update(dynamodb, deleted("by-day"))
    strict.wait("things")
    update(dynamodb, created("by-day"), **KEYS)
    strict.wait("things")

    assert ids(dynamodb, IndexName="by-day") == ["1"]


def test_time_to_live_changes_its_attribute_only_while_it_is_off(dynamodb):
    def set_to(attribute, *, enabled):
        specification = {"AttributeName": attribute, "Enabled": enabled}
        dynamodb.update_time_to_live(TableName="things", TimeToLiveSpecification=specification)

    for enabled in (True, False):
        with pytest.raises(ClientError) as error:
            set_to("ends", enabled=enabled)
        assert str(error.value) == (
            "An error occurred (ValidationException) when calling the UpdateTimeToLive operation: "
            "TimeToLive is active on a different AttributeName: current AttributeName is expires"
        )
    set_to("expires", enabled=False)
    set_to("ends", enabled=True)
    found = dynamodb.describe_time_to_live(TableName="things")["TimeToLiveDescription"]
    assert found == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ends"}


def test_a_table_that_is_made_anew_has_nothing_of_the_old_one(clients, dynamodb, strict):
    strict.wait("things")
    update(dynamodb, created("extra"), **KEYS)
    dynamodb.delete_table(TableName="things")
    inputs = {
        "name": "things",
        "billingMode": "PAY_PER_REQUEST",
        "hashKey": "id",
        "attributes": [{"name": "id", "type": "S"}, {"name": "owner", "type": "S"}, {"name": "day", "type": "N"}],
        "globalSecondaryIndexes": [
            {"name": "by-day", "hashKey": "day", "projectionType": "ALL"},
            {"name": "extra", "hashKey": "owner", "projectionType": "ALL"},
        ],
    }
    table.create(clients, inputs)

    assert statuses(dynamodb) == ("ACTIVE", {"by-day": ("ACTIVE", None), "extra": ("ACTIVE", None)})
    put(dynamodb, id=("S", "1"), day=("N", "1"), owner=("S", "me"))
    assert [ids(dynamodb, IndexName=name) for name in ("by-day", "extra")] == [["1"], ["1"]]


def test_an_update_that_is_never_sent_leaves_the_table_as_it_is(dynamodb, strict):
    with pytest.raises(ParamValidationError):
        update(dynamodb, created("x"), **KEYS)

    assert not strict.is_busy("things")
    assert statuses(dynamodb) == ("ACTIVE", {"by-day": ("ACTIVE", None)})
