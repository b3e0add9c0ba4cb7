import copy
import dataclasses

import pytest

from components.tables import TABLES
from ops import drift
from ops.aws import emulator
from ops.aws.resources import scalable_target
from ops.drift import Difference
from ops.engine import plan
from tests import programs

TARGET = "aws:appautoscaling/target:Target"
# Reads and writes of each table with a capacity, and of its indexes.
SCALED = sum(2 + 2 * len(table.indexes) for table in TABLES if table.capacity)


@pytest.mark.parametrize(
    ("declared", "live", "found"),
    [
        ({"a": 1}, {"a": 1.0}, [("a", 1, 1.0)]),
        ({"a": {"b": "x"}}, {"a": {"c": "y"}}, [("a.b", "x", None), ("a.c", None, "y")]),
        (
            {"l": [{"name": "i", "k": 1}, {"name": "j"}]},
            {"l": [{"name": "j"}, {"name": "i", "k": 2}]},
            [("l[i].k", 1, 2), ("l[i].name", "i", "i"), ("l[j].name", "j", "j")],
        ),
        ({"l": [{"name": "i"}]}, {"l": []}, [("l[i]", {"name": "i"}, None)]),
        ({"s": ["b", "a"]}, {"s": ["a", "b"]}, [("s", ["a", "b"], ["a", "b"])]),
        ({"a": 1}, None, [("", {"a": 1}, None)]),
    ],
)
def test_properties_are_compared_one_by_one_and_named_things_by_name(declared, live, found):
    assert list(drift.compare(declared, live)) == found


@pytest.fixture(scope="module")
def clients_and_plan():
    with emulator.embedded("eu-west-1") as clients:
        yield (
            clients,
            programs.rehearse(programs.stack("dev", "send_invoice_notification_function=notify"), clients).plan,
        )


def test_what_was_just_created_is_as_declared(clients_and_plan):
    clients, recorded = clients_and_plan
    found = drift.find(recorded, clients)

    assert (found.differences, {type_: len(live) for type_, live in found.live.items()}) == (
        [],
        {
            "aws:dynamodb/table:Table": len(TABLES),
            "aws:appautoscaling/target:Target": SCALED,
            "aws:appautoscaling/policy:Policy": SCALED,
            "aws:lambda/eventSourceMapping:EventSourceMapping": 1,
        },
    )
    assert found.checked > 200


def change(resource, path, value):
    """Return the registration as if the program had declared `value` at `path`."""
    *parents, last = path
    inputs = target = copy.deepcopy(resource.inputs)
    for key in parents:
        target = target[key]
    target[last] = value
    return dataclasses.replace(resource, inputs=inputs)


WRONG = {
    "billingMode": ("rental_invoices", ["billingMode"], "PAY_PER_REQUEST", "PROVISIONED"),
    "hashKey": ("users", ["hashKey"], "Email", "UserID"),
    "rangeKey": ("users", ["rangeKey"], "InvoiceID", None),
    "attributes[UserID].type": ("users", ["attributes", 1, "type"], "N", "S"),
    "globalSecondaryIndexes[Email-index].hashKey": (
        "users",
        ["globalSecondaryIndexes", 0, "hashKey"],
        "UserID",
        "Email",
    ),
    "globalSecondaryIndexes[Email-index].projectionType": (
        *("users", ["globalSecondaryIndexes", 0, "projectionType"]),
        *("KEYS_ONLY", "ALL"),
    ),
    "streamEnabled": ("users", ["streamEnabled"], True, None),
    "streamViewType": ("retail_invoices", ["streamViewType"], "KEYS_ONLY", "NEW_AND_OLD_IMAGES"),
    "serverSideEncryption.enabled": ("users", ["serverSideEncryption", "enabled"], False, True),
    "serverSideEncryption.kmsKeyArn": ("users", ["serverSideEncryption", "kmsKeyArn"], "arn:mine", None),
    "pointInTimeRecovery.enabled": ("users", ["pointInTimeRecovery", "enabled"], False, True),
    "pointInTimeRecovery.recoveryPeriodInDays": ("users", ["pointInTimeRecovery", "recoveryPeriodInDays"], 7, 35),
    "deletionProtectionEnabled": ("users", ["deletionProtectionEnabled"], True, False),
    "tags.Environment": ("users", ["tags", "Environment"], "production", "development"),
    "tags.Owner": ("users", ["tags", "Owner"], "me", None),
    "tableClass": ("users", ["tableClass"], "STANDARD_INFREQUENT_ACCESS", "STANDARD"),
    "minCapacity": ("rental_invoices-read", ["minCapacity"], 2, 1),
    "batchSize": ("send_invoice_notification", ["batchSize"], 10, 1),
    "maximumRetryAttempts": ("send_invoice_notification", ["maximumRetryAttempts"], 0, 5),
    "maxCapacity": ("rental_invoices-due_date-write", ["maxCapacity"], 20, 10),
}


@pytest.mark.parametrize("property_", WRONG)
def test_each_property_that_is_not_as_declared_is_one_difference(clients_and_plan, property_):
    clients, recorded = clients_and_plan
    name, path, declared, live = WRONG[property_]
    resource = next(r for r in recorded.resources if r.name == name and r.custom)

    changed = [change(r, path, declared) if r is resource else r for r in recorded.resources]
    found = drift.find(plan.Plan(changed), clients)

    replaces = property_.split(".")[-1] in {"hashKey", "rangeKey", "projectionType"}
    assert found.differences == [
        Difference(urn=resource.urn, property=property_, declared=declared, live=live, replaces=replaces)
    ]


@pytest.mark.parametrize(
    ("name", "type_", "key"),
    [
        ("users", "aws:dynamodb/table:Table", "name"),
        ("rental_invoices-read", "aws:appautoscaling/target:Target", "resourceId"),
        ("rental_invoices-read", "aws:appautoscaling/policy:Policy", "resourceId"),
    ],
)
def test_a_resource_that_is_not_there_is_one_difference(clients_and_plan, name, type_, key):
    clients, recorded = clients_and_plan
    resource = next(r for r in recorded.resources if (r.name, r.type) == (name, type_))
    missing = change(resource, [key], "table/elsewhere" if key == "resourceId" else "elsewhere")

    found = drift.find(plan.Plan([*recorded.resources, missing]), clients)

    assert found.differences == [
        Difference(urn=resource.urn, property="", declared=missing.inputs, live=None, replaces=name == "users")
    ]


def test_of_what_is_secret_neither_side_is_shown(clients_and_plan):
    clients, recorded = clients_and_plan
    users = next(r for r in recorded.resources if r.name == "users" and r.custom)
    secret = dataclasses.replace(change(users, ["tags"], {"Environment": "mine", "Owner": "me"}), secrets=["tags"])

    found = drift.find(plan.Plan([secret]), clients)

    assert found.differences == [Difference(urn=users.urn, property="tags", declared="[secret]", live="[secret]")]
    (shown,) = found.shown[users.type]
    assert shown["tags"] == {"Environment": "[secret]"}
    assert found.live[users.type] == [shown | {"tags": {"Environment": "development"}}]


def test_a_capacity_that_autoscaling_moved_is_as_declared(clients_and_plan):
    clients, recorded = clients_and_plan
    rental = next(r for r in recorded.resources if r.name == "rental_invoices" and r.custom and r.ignore_changes)
    moved = [change(r, ["readCapacity"], 7) if r is rental else r for r in recorded.resources]
    fixed = [dataclasses.replace(r, ignore_changes=[]) if r.urn == rental.urn else r for r in moved]

    assert drift.find(plan.Plan(moved), clients).differences == []
    assert drift.find(plan.Plan(fixed), clients).differences == [
        Difference(urn=rental.urn, property="readCapacity", declared=7, live=5)
    ]


def test_what_replaces_comes_first(clients_and_plan):
    clients, recorded = clients_and_plan
    rental, users = (
        next(r for r in recorded.resources if r.name == name and r.type == "aws:dynamodb/table:Table")
        for name in ("rental_invoices", "users")
    )
    found = drift.find(plan.Plan([change(rental, ["tags"], {}), change(users, ["hashKey"], "Email")]), clients)

    assert [difference.replaces for difference in found.differences] == [True, *[False] * (1 + 2 * SCALED)]
    assert (found.differences[0].urn, found.differences[0].property) == (users.urn, "hashKey")


@pytest.mark.parametrize("secrets", [[], ["name"]], ids=["a name", "a secret name"])
def test_what_is_not_declared_is_told_of_its_table_without_its_secrets(clients_and_plan, secrets):
    clients, recorded = clients_and_plan
    rental = next(r for r in recorded.resources if r.name == "rental_invoices" and r.type == "aws:dynamodb/table:Table")
    target = next(r for r in recorded.resources if (r.name, r.type) == ("rental_invoices-read", TARGET))
    others = [
        dataclasses.replace(r, secrets=secrets) if r is rental else r for r in recorded.resources if r is not target
    ]
    found = drift.find(plan.Plan(others), clients)

    id_ = f"dynamodb/table/{rental.inputs['name']}/dynamodb:table:ReadCapacityUnits"
    (live,) = [each for each in found.live[TARGET] if scalable_target.identity(each) == id_]
    told, shown = ("[secret]", "[secret]") if secrets else (id_, live)
    assert found.differences == [
        Difference(urn=rental.urn, property=f"scalable target {told}", declared=None, live=shown)
    ]
