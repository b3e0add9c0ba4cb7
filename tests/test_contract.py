"""The contract of prod, written apart from the definitions: any change but an addition loses a table's items."""

PREFIX = "urn:pulumi:prod::paypulse::paypulse:dynamodb:"
TABLE = "$aws:dynamodb/table:Table::"
TARGET = "RentalInvoices$paypulse:dynamodb:TableAutoscaling$aws:appautoscaling/target:Target::"
POLICY = "RentalInvoices$paypulse:dynamodb:TableAutoscaling$aws:appautoscaling/policy:Policy::"
IMAGES = "NEW_AND_OLD_IMAGES"

# URN: physical name, partition key, sort key, [index, partition key, sort key], stream view type. The indexes are in
# order, and a new one goes behind: Pulumi ignores their capacities by position, so that any other change of the order
# gives an index the capacity of another.
TABLES = {
    f"RentalInvoices{TABLE}rental_invoices": (
        *("RentalInvoices", "UserID", "InvoiceID"),
        [("due_date_year-due_date_month-index", "due_date_year", "due_date_month")],
        IMAGES,
    ),
    f"Users{TABLE}users": ("Users", "UserID", None, [("Email-index", "Email", None)], None),
    f"RetailInvoices{TABLE}retail_invoices": (
        *("RetailInvoices", "UserID", "InvoiceID"),
        [
            ("invoice_date-index", "UserID", "invoice_date"),
            ("sub_type-invoice_date-index", "UserID_SubType", "invoice_date"),
        ],
        IMAGES,
    ),
    f"RetailInvoices{TABLE}food_delivery_invoices": ("FoodDeliveryInvoices", "InvoiceID", None, [], None),
    f"RetailInvoices{TABLE}clothing_invoices": ("ClothingInvoices", "InvoiceID", None, [], None),
    f"RetailInvoices{TABLE}technology_invoices": ("TechnologyInvoices", "InvoiceID", None, [], None),
    f"RetailInvoices{TABLE}subscription_invoices": ("SubscriptionInvoices", "InvoiceID", None, [], None),
    f"RetailInvoices{TABLE}grocery_invoices": ("GroceryInvoices", "InvoiceID", None, [], None),
    f"RetailInvoices{TABLE}misc_utility_invoices": ("MiscellaneousUtilityInvoices", "InvoiceID", None, [], None),
    f"RetailInvoices{TABLE}misc_invoices": ("MiscellaneousInvoices", "InvoiceID", None, [], None),
    f"RetailInvoices{TABLE}travel_invoices": ("TravelInvoices", "InvoiceID", None, [], None),
    f"VendorConfig{TABLE}vendor_config": ("VendorConfig", "vendor_id", None, [], None),
}

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


def test_tables_keep_their_urns_names_keys_streams_and_indexes_in_order(record):
    found = {
        r.urn.removeprefix(PREFIX): (
            r.inputs["name"],
            r.inputs["hashKey"],
            r.inputs.get("rangeKey"),
            [(i["name"], i["hashKey"], i.get("rangeKey")) for i in r.inputs.get("globalSecondaryIndexes", [])],
            r.inputs.get("streamViewType"),
        )
        for r in record("prod").resources
        if r.type == "aws:dynamodb/table:Table"
    }

    assert found == TABLES


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
