"""The contract of prod, written apart from the definitions: any change but an addition loses a table's items."""

import json

from tests.conftest import ROOT

PREFIX = "urn:pulumi:prod::paypulse::paypulse:dynamodb:"
TABLE = "$aws:dynamodb/table:Table::"
TARGET = "RentalInvoices$paypulse:dynamodb:TableAutoscaling$aws:appautoscaling/target:Target::"
POLICY = "RentalInvoices$paypulse:dynamodb:TableAutoscaling$aws:appautoscaling/policy:Policy::"

# URN: physical name. policies/config/prod.json has the rest of the contract by that name: keys, attribute types, indexes
# in order, streams.
TABLES = {
    f"RentalInvoices{TABLE}rental_invoices": "RentalInvoices",
    f"Users{TABLE}users": "Users",
    f"RetailInvoices{TABLE}retail_invoices": "RetailInvoices",
    f"RetailInvoices{TABLE}food_delivery_invoices": "FoodDeliveryInvoices",
    f"RetailInvoices{TABLE}clothing_invoices": "ClothingInvoices",
    f"RetailInvoices{TABLE}technology_invoices": "TechnologyInvoices",
    f"RetailInvoices{TABLE}subscription_invoices": "SubscriptionInvoices",
    f"RetailInvoices{TABLE}grocery_invoices": "GroceryInvoices",
    f"RetailInvoices{TABLE}misc_utility_invoices": "MiscellaneousUtilityInvoices",
    f"RetailInvoices{TABLE}misc_invoices": "MiscellaneousInvoices",
    f"RetailInvoices{TABLE}travel_invoices": "TravelInvoices",
    f"VendorConfig{TABLE}vendor_config": "VendorConfig",
}
CONFIG = json.loads((ROOT / "policies/config/prod.json").read_text())
CONTRACT = CONFIG["dynamodb-table-contract"]["tables"]

_TABLE_ID, _INDEX_ID = "table/RentalInvoices", "table/RentalInvoices/index/due_date_year-due_date_month-index"
# Logical name of a target and of its policy: resource id, dimension, name of the policy.
SCALING = {
    "rental_invoices-read": (_TABLE_ID, "dynamodb:table:ReadCapacityUnits", "DynamoDBReadAutoScalingPolicy"),
    "rental_invoices-write": (_TABLE_ID, "dynamodb:table:WriteCapacityUnits", "DynamoDBWriteAutoScalingPolicy"),
    "rental_invoices-due_date-read": (_INDEX_ID, "dynamodb:index:ReadCapacityUnits", "DynamoDBReadAutoScalingPolicy"),
    "rental_invoices-due_date-write": (
        *(_INDEX_ID, "dynamodb:index:WriteCapacityUnits"),
        "DynamoDBWriteAutoScalingPolicy",
    ),
}

ALARM = "$paypulse:dynamodb:TableAlarms$aws:cloudwatch/metricAlarm:MetricAlarm::"
TOPIC = "alarm_topic=arn:aws:sns:eu-west-1:123456789012:alarms"
# Logical names of the indexes by those of the tables.
INDEXES = {"rental_invoices": ["due_date"], "users": ["email"], "retail_invoices": ["invoice_date", "sub_type"]}
THROTTLED, CONSUMED = ("throttled-reads", "throttled-writes"), ("consumed-reads", "consumed-writes")
# The last part of an alarm's name, by the URN of its table.
OF_TABLE = {
    urn: [
        *(*THROTTLED, *(f"{index}/{name}" for index in INDEXES.get(urn.rpartition("::")[2], []) for name in THROTTLED)),
        "system-errors",
    ]
    for urn in TABLES
}
OF_TABLE[f"RentalInvoices{TABLE}rental_invoices"] += [*CONSUMED, *(f"due_date/{name}" for name in CONSUMED)]


def tables(record):
    return [r for r in record("prod").resources if r.type == "aws:dynamodb/table:Table"]


def without_none(fields):
    return {key: value for key, value in fields.items() if value is not None}


def keys(item):
    return {"partitionKey": item["hashKey"], "sortKey": item.get("rangeKey")}


def test_tables_keep_their_urns_and_names(record):
    assert {r.urn.removeprefix(PREFIX): r.inputs["name"] for r in tables(record)} == TABLES


def test_tables_keep_their_keys_types_streams_and_indexes_in_order(record):
    found = {
        table["name"]: without_none(
            keys(table)
            | {
                "attributes": {attribute["name"]: attribute["type"] for attribute in table["attributes"]},
                "globalSecondaryIndexes": [
                    without_none({"name": index["name"], **keys(index), "projection": index["projectionType"]})
                    for index in table.get("globalSecondaryIndexes", [])
                ]
                or None,
                "streamViewType": table.get("streamViewType"),
            }
        )
        for table in (r.inputs for r in tables(record))
    }

    assert found == CONTRACT


def test_no_table_of_prod_is_exempt_from_its_contract():
    assert CONFIG["all"] == "mandatory"
    assert list(CONFIG["dynamodb-table-contract"]) == ["tables"]
    assert sorted(CONTRACT) == sorted(TABLES.values())


def test_targets_and_policies_keep_their_urns_ids_and_names(record):
    resources = {r.urn.removeprefix(PREFIX): r.inputs for r in record("prod").resources}
    targets = {urn: inputs for urn, inputs in resources.items() if urn.startswith(TARGET)}
    policies = {urn: inputs for urn, inputs in resources.items() if urn.startswith(POLICY)}

    assert {urn: (i["resourceId"], i["scalableDimension"]) for urn, i in targets.items()} == {
        TARGET + name: (id_, dimension) for name, (id_, dimension, _) in SCALING.items()
    }
    assert {urn: (i["resourceId"], i["scalableDimension"], i["name"]) for urn, i in policies.items()} == {
        POLICY + name: ids for name, ids in SCALING.items()
    }


def test_the_trigger_keeps_its_urn(record):
    resources = record("prod", "send_invoice_notification_function=notify").resources

    assert [r.urn.removeprefix(PREFIX) for r in resources if r.type.startswith("aws:lambda/")] == [
        "RentalInvoices$aws:lambda/eventSourceMapping:EventSourceMapping::send_invoice_notification"
    ]


def test_alarms_keep_their_urns_and_names(record):
    found = {r.urn: r.inputs["name"] for r in record("prod", TOPIC).resources if r.type.startswith("aws:cloudwatch/")}
    of_tables = {
        f"{PREFIX}{urn.partition('$')[0]}{ALARM}{urn.rpartition('::')[2]}-{part.replace('/', '-')}": f"{TABLES[urn]}/{part}"
        for urn, parts in OF_TABLE.items()
        for part in parts
    }

    assert found == of_tables | {
        "urn:pulumi:prod::paypulse::aws:cloudwatch/metricAlarm:MetricAlarm::user-errors": "paypulse-prod/user-errors"
    }
    assert len(found) == 49


def test_only_alarms_are_added_by_their_topic(record):
    without, alarmed = record("prod").resources, record("prod", TOPIC).resources
    added = {r.urn for r in alarmed} - {r.urn for r in without}

    assert len(without) == 26
    assert [r for r in alarmed if r.urn not in added] == without
    assert {urn.rpartition("::")[0].rpartition("$")[2].rpartition("::")[2] for urn in added} == {
        "paypulse:dynamodb:TableAlarms",
        "aws:cloudwatch/metricAlarm:MetricAlarm",
    }
    assert len(added) == 49 + len(TABLES)


def test_nothing_else_is_deployed(record):
    resources = record("prod").resources
    components = {r.urn.removeprefix(PREFIX) for r in resources if not r.custom}

    assert len(resources) == len(components) + len(TABLES) + 2 * len(SCALING)
    assert components == {
        "urn:pulumi:prod::paypulse::pulumi:pulumi:Stack::paypulse-prod",
        "RentalInvoices::rental_invoices",
        "RentalInvoices$paypulse:dynamodb:TableAutoscaling::rental_invoices",
        "Users::users",
        "RetailInvoices::retail_invoices",
        "VendorConfig::vendor_config",
    }
