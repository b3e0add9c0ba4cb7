"""A table is read back as it was declared, and as whatever AWS has made of it since."""

from typing import Any

import pytest
from moto.dynamodb.models.table import Table

from ops.aws import resources
from ops.aws.resources import scalable_target, table
from ops.engine.plan import Registration
from tests.ops.accounts import attributes

INCLUDED = {"name": "by-day", "hashKey": "day", "projectionType": "INCLUDE", "nonKeyAttributes": ["a", "b"]}
# All that create uses.
WHOLE: dict[str, Any] = {
    "name": "things",
    "billingMode": "PROVISIONED",
    "hashKey": "id",
    "rangeKey": "day",
    "attributes": [{"name": "id", "type": "S"}, {"name": "day", "type": "N"}],
    "readCapacity": 3,
    "writeCapacity": 4,
    "streamEnabled": True,
    "streamViewType": "KEYS_ONLY",
    "deletionProtectionEnabled": True,
    "tags": {"Owner": "me", "Team": "us"},
    "serverSideEncryption": {"enabled": True, "kmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/mine"},
    "pointInTimeRecovery": {"enabled": True, "recoveryPeriodInDays": 7},
    "ttl": {"enabled": True, "attributeName": "expires"},
    "globalSecondaryIndexes": [
        {
            "name": "by-owner",
            "hashKey": "id",
            "rangeKey": "day",
            "projectionType": "ALL",
            "readCapacity": 1,
            "writeCapacity": 2,
        },
        INCLUDED | {"readCapacity": 5, "writeCapacity": 6},
    ],
}
PLAIN: dict[str, Any] = {
    "name": "things",
    "billingMode": "PAY_PER_REQUEST",
    "hashKey": "id",
    "attributes": [{"name": "id", "type": "S"}],
}
# What is read of a table of which nothing else is declared.
PLAIN_LIVE = PLAIN | {
    "readCapacity": 0,
    "writeCapacity": 0,
    "globalSecondaryIndexes": [],
    "localSecondaryIndexes": [],
    "ttl": {"enabled": False, "attributeName": None},
    "tableClass": "STANDARD",
    "status": None,
    "streamEnabled": None,
    "streamViewType": None,
    "streamArn": None,
    "serverSideEncryption": {"enabled": False},
    "pointInTimeRecovery": {"enabled": False, "recoveryPeriodInDays": None},
    "deletionProtectionEnabled": False,
    "tags": {},
}


def read(clients, *names):
    return list(table.read(clients, names or ["things"], map))


def paths(value, path=""):
    """Return the paths of all values, without the positions in lists."""
    if isinstance(value, dict):
        return {found for key in value for found in paths(value[key], f"{path}.{key}".strip("."))}
    if isinstance(value, list) and isinstance(value[0], dict):
        return {found for item in value for found in paths(item, path)}
    return {path}


def test_a_table_is_created_and_read_with_all_its_properties(clients):
    id_, outputs = table.create(clients, WHOLE)
    (live,) = read(clients)
    arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/things"

    assert (id_, outputs.keys(), outputs["arn"]) == ("things", {"arn", "streamArn"}, arn)
    assert outputs["streamArn"].startswith(f"{arn}/stream/")
    whole, included = WHOLE["globalSecondaryIndexes"]
    assert live == PLAIN_LIVE | WHOLE | {
        "streamArn": outputs["streamArn"],
        "globalSecondaryIndexes": [whole | {"nonKeyAttributes": None}, included],
    }


def test_all_that_create_uses_is_in_that_table():
    tags = {path.partition(".")[0] if path.startswith("tags.") else path for path in paths(WHOLE)}

    assert tags == table.CREATES


def test_a_table_of_which_little_is_declared_is_read_with_what_aws_takes_then(clients):
    assert table.create(clients, PLAIN) == (
        "things",
        {"arn": "arn:aws:dynamodb:eu-west-1:123456789012:table/things"},
    )

    assert read(clients) == [PLAIN_LIVE]


def test_without_a_billing_mode_a_table_is_provisioned(clients):
    table.create(clients, {key: WHOLE[key] for key in WHOLE if key not in {"billingMode", "globalSecondaryIndexes"}})

    assert [live["billingMode"] for live in read(clients)] == ["PROVISIONED"]


def test_recovery_has_the_period_that_aws_takes_where_none_is_declared(clients):
    table.create(clients, PLAIN | {"pointInTimeRecovery": {"enabled": True}})

    assert read(clients)[0]["pointInTimeRecovery"] == {"enabled": True, "recoveryPeriodInDays": 35}
    assert table.DEFAULTS["pointInTimeRecovery.recoveryPeriodInDays"] == 35


def test_only_the_tables_that_are_asked_for_and_exist_are_read(clients):
    for name in ("things", "others"):
        table.create(clients, PLAIN | {"name": name})

    assert [live["name"] for live in read(clients, "none", "things")] == ["things"]


def test_encryption_with_the_aws_managed_key_names_no_key(clients):
    table.create(clients, PLAIN | {"serverSideEncryption": {"enabled": True}})
    assert read(clients)[0]["serverSideEncryption"] == {"enabled": True, "kmsKeyArn": None}


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        pytest.param("ACTIVE", None, id="active"),
        pytest.param("UPDATING", None, id="updating"),
        pytest.param("DELETING", "DELETING", id="deleting"),
        pytest.param(
            "INACCESSIBLE_ENCRYPTION_CREDENTIALS", "INACCESSIBLE_ENCRYPTION_CREDENTIALS", id="without its key"
        ),
    ],
)
def test_a_table_that_is_not_well_shows_it(clients, monkeypatch, status, shown):
    table.create(clients, PLAIN)
    describe = Table.describe

    def described(self, *arguments, **options):
        answer = describe(self, *arguments, **options)
        for description in answer.values():
            description["TableStatus"] = status
        return answer

    monkeypatch.setattr(Table, "describe", described)

    assert read(clients)[0]["status"] == shown


def test_what_the_program_cannot_create_is_read(clients):
    dynamodb = clients("dynamodb")
    keys = [{"AttributeName": "id", "KeyType": "HASH"}]
    local = {"IndexName": "by-day", "Projection": {"ProjectionType": "KEYS_ONLY"}}
    dynamodb.create_table(
        TableName="things",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=attributes("id", "day", "at"),
        KeySchema=[*keys, {"AttributeName": "at", "KeyType": "RANGE"}],
        LocalSecondaryIndexes=[local | {"KeySchema": [*keys, {"AttributeName": "day", "KeyType": "RANGE"}]}],
    )
    dynamodb.update_time_to_live(
        TableName="things", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    (live,) = read(clients)

    assert live["localSecondaryIndexes"] == [{"name": "by-day", "projectionType": "KEYS_ONLY", "rangeKey": "day"}]
    assert live["ttl"] == {"enabled": True, "attributeName": "expires"}


def test_a_table_is_told_and_imported_by_its_name():
    assert (table.identity(PLAIN), table.table_name(PLAIN), table.import_id(PLAIN)) == ("things",) * 3
    assert table.import_id({}) == ""
    assert resources.module(table.TYPE) is table


INDEX = "by/owner]"
IGNORED = [*("readCapacity", "writeCapacity"), "globalSecondaryIndexes[*].readCapacity"]


def registration(type_, inputs, ignored=()):
    return Registration(
        urn=f"urn:pulumi:dev::demo::{type_}::x",
        type=type_,
        name="x",
        parent="",
        custom=True,
        inputs=inputs,
        protect=False,
        ignore_changes=list(ignored),
    )


def target(resource_id, dimension, low, high):
    return registration(
        scalable_target.TYPE,
        {
            "serviceNamespace": "dynamodb",
            "resourceId": resource_id,
            "scalableDimension": dimension,
            "minCapacity": low,
            "maxCapacity": high,
        },
    )


TARGETS = [
    target("table/things", "dynamodb:table:ReadCapacityUnits", 5, 10),
    target("table/things", "dynamodb:table:WriteCapacityUnits", 1, 2),
    target(f"table/things/index/{INDEX}", "dynamodb:index:ReadCapacityUnits", 20, 30),
    target(f"table/things/index/{INDEX}", "dynamodb:index:WriteCapacityUnits", 20, 30),
    target("table/others", "dynamodb:table:ReadCapacityUnits", 100, 200),
]
OF_INDEX = f"globalSecondaryIndexes[{INDEX}]"


@pytest.mark.parametrize(
    ("path", "live", "is_tolerated"),
    [
        pytest.param("readCapacity", 4, False, id="under the minimum"),
        pytest.param("readCapacity", 5, True, id="the minimum"),
        pytest.param("readCapacity", 10, True, id="the maximum"),
        pytest.param("readCapacity", 11, False, id="over the maximum"),
        pytest.param("readCapacity", None, False, id="none"),
        pytest.param("readCapacity", 100, False, id="within the bounds of another table"),
        pytest.param("writeCapacity", 5, False, id="within the bounds of reads"),
        pytest.param(f"{OF_INDEX}.readCapacity", 20, True, id="of the index"),
        pytest.param(f"{OF_INDEX}.readCapacity", 5, False, id="of the index, within the bounds of the table"),
        pytest.param(f"{OF_INDEX}.writeCapacity", 20, False, id="not ignored"),
        pytest.param("globalSecondaryIndexes[other].readCapacity", 20, False, id="of an index that nothing scales"),
        pytest.param("billingMode", 5, False, id="another property"),
    ],
)
def test_a_capacity_is_tolerated_within_the_bounds_of_its_own_target(path, live, is_tolerated):
    things = registration(table.TYPE, {"name": "things"}, IGNORED)

    assert table.tolerates(things, path, 1, live, [things, *TARGETS]) is is_tolerated


def test_a_capacity_that_a_deployment_sets_back_is_not_tolerated():
    things = registration(table.TYPE, {"name": "things"})

    assert not table.tolerates(things, "readCapacity", 1, 7, [things, *TARGETS])


def answering(clients, operation, **changes):
    """Have DynamoDB answer an operation with something else."""

    def change(parsed, **_):
        (answer,) = [value for key, value in parsed.items() if key != "ResponseMetadata"]
        answer.update(changes)

    clients("dynamodb").meta.events.register(f"after-call.dynamodb.{operation}", change)


def test_a_stream_that_is_turned_off_is_none_though_aws_still_names_it(clients):
    table.create(clients, PLAIN)
    old = "arn:aws:dynamodb:eu-west-1:123456789012:table/things/stream/2026-01-01T00:00:00.000"
    answering(clients, "DescribeTable", StreamSpecification={"StreamEnabled": False}, LatestStreamArn=old)

    assert read(clients) == [PLAIN_LIVE | {"streamEnabled": False, "streamArn": None}]


@pytest.mark.parametrize(
    ("status", "is_enabled"), [("ENABLED", True), ("ENABLING", True), ("DISABLING", False), ("DISABLED", False)]
)
def test_items_expire_as_soon_as_that_is_being_turned_on(clients, status, is_enabled):
    table.create(clients, PLAIN)
    answering(clients, "DescribeTimeToLive", TimeToLiveStatus=status, AttributeName="expires")

    assert read(clients) == [PLAIN_LIVE | {"ttl": {"enabled": is_enabled, "attributeName": "expires"}}]


@pytest.mark.parametrize(
    ("status", "encryption"),
    [
        ("ENABLED", {"enabled": True, "kmsKeyArn": "arn:mine"}),
        ("UPDATING", {"enabled": True, "kmsKeyArn": "arn:mine"}),
        ("ENABLING", {"enabled": False}),
        ("DISABLED", {"enabled": False}),
    ],
)
def test_a_table_stays_encrypted_while_its_key_is_changed(clients, status, encryption):
    table.create(clients, PLAIN)
    answering(clients, "DescribeTable", SSEDescription={"Status": status, "KMSMasterKeyArn": "arn:mine"})

    assert read(clients) == [PLAIN_LIVE | {"serverSideEncryption": encryption}]


def test_the_class_of_a_table_is_read(clients):
    table.create(clients, PLAIN)
    answering(clients, "DescribeTable", TableClassSummary={"TableClass": "STANDARD_INFREQUENT_ACCESS"})

    assert read(clients) == [PLAIN_LIVE | {"tableClass": "STANDARD_INFREQUENT_ACCESS"}]


def test_the_tags_of_every_page_are_read(clients):
    tags = {f"tag-{number}": "x" for number in range(25)}
    table.create(clients, PLAIN | {"tags": tags})
    (page, *others) = (
        clients("dynamodb")
        .get_paginator("list_tags_of_resource")
        .paginate(ResourceArn="arn:aws:dynamodb:eu-west-1:123456789012:table/things")
    )

    assert len(page["Tags"]) < len(tags)
    assert len(others) > 0
    assert read(clients) == [PLAIN_LIVE | {"tags": tags}]
