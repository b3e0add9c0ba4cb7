"""Adopting the tables that Terraform made, full of invoices."""

from tests.engine.conftest import PACK, that_change
from tests.ops.accounts import attributes, index

IMAGES = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
DETAILS = (
    "FoodDelivery",
    "Clothing",
    "Technology",
    "Subscription",
    "Grocery",
    "MiscellaneousUtility",
    "Miscellaneous",
    "Travel",
)
KEYS = {
    "RentalInvoices": ("UserID", "InvoiceID"),
    "Users": ("UserID",),
    "RetailInvoices": ("UserID", "InvoiceID"),
    **{f"{category}Invoices": ("InvoiceID",) for category in DETAILS},
    "VendorConfig": ("vendor_id",),
}


def units(read, write):
    return {"ProvisionedThroughput": {"ReadCapacityUnits": read, "WriteCapacityUnits": write}}


def terraformed(aws):
    """Make the tables as Terraform did, with an item in each."""
    dynamodb, scaling = aws("dynamodb"), aws("application-autoscaling")
    indexes = {
        "RentalInvoices": [
            index("due_date_year-due_date_month-index", "due_date_year", "due_date_month", **units(1, 1))
        ],
        "Users": [index("Email-index", "Email")],
        "RetailInvoices": [
            index("invoice_date-index", "UserID", "invoice_date"),
            index("sub_type-invoice_date-index", "UserID_SubType", "invoice_date"),
        ],
    }
    for name, keys in KEYS.items():
        mine = indexes.get(name, [])
        keyed = {*keys, *(key["AttributeName"] for i in mine for key in i["KeySchema"])}
        dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=attributes(*sorted(keyed)),
            KeySchema=[{"AttributeName": k, "KeyType": t} for k, t in zip(keys, ("HASH", "RANGE"), strict=False)],
            BillingMode="PROVISIONED" if name == "RentalInvoices" else "PAY_PER_REQUEST",
            **(units(5, 5) if name == "RentalInvoices" else {}),
            **({"GlobalSecondaryIndexes": mine} if mine else {}),
            **({"StreamSpecification": IMAGES} if name in {"RentalInvoices", "RetailInvoices"} else {}),
            **({} if name == "Users" else {"SSESpecification": {"Enabled": True}}),
            **(
                {"Tags": [{"Key": "Environment", "Value": "production"}]} if name in {"Users", "TravelInvoices"} else {}
            ),
        )
        dynamodb.put_item(TableName=name, Item={key: {"S": f"{name}-1"} for key in keyed})
    dynamodb.update_continuous_backups(
        TableName="RetailInvoices", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    for access in ("Read", "Write"):
        dimension = {
            "ServiceNamespace": "dynamodb",
            "ResourceId": "table/RentalInvoices",
            "ScalableDimension": f"dynamodb:table:{access}CapacityUnits",
        }
        scaling.register_scalable_target(MinCapacity=1, MaxCapacity=10, **dimension)
        scaling.put_scaling_policy(
            PolicyName=f"DynamoDB{access}AutoScalingPolicy",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": 70.0,
                "PredefinedMetricSpecification": {"PredefinedMetricType": f"DynamoDB{access}CapacityUtilization"},
                "ScaleInCooldown": 60,
                "ScaleOutCooldown": 60,
            },
            **dimension,
        )


def items(aws):
    return {name: aws("dynamodb").scan(TableName=name)["Items"] for name in KEYS}


def test_the_tables_that_terraform_made_are_adopted_and_keep_every_item(engine):
    terraformed(engine.aws)
    dynamodb = engine.aws("dynamodb")
    users = dynamodb.describe_table(TableName="Users")["Table"]["TableArn"]
    dynamodb.tag_resource(ResourceArn=users, Tags=[{"Key": "Owner", "Value": "somebody else"}])
    expiry = {"AttributeName": "expires_at", "Enabled": True}
    dynamodb.update_time_to_live(TableName="VendorConfig", TimeToLiveSpecification=expiry)
    before = items(engine.aws)
    engine.run("stack", "init", "prod")

    engine.adopt("prod")
    steps = engine.json("preview", "--stack", "prod")["steps"]
    changed = {step["urn"].split("::")[-1]: sorted(step["diffReasons"]) for step in steps if step["op"] == "update"}
    created = [step["urn"].split("$")[-1] for step in steps if step["op"] == "create"]

    assert {step["op"] for step in steps} == {"same", "update", "create"}
    protected = ["deletionProtectionEnabled", "pointInTimeRecovery"]
    untagged = (
        *("rental_invoices", "food_delivery_invoices", "clothing_invoices", "technology_invoices"),
        *("subscription_invoices", "grocery_invoices", "misc_utility_invoices", "misc_invoices", "vendor_config"),
    )
    assert changed == {
        **{name: [*protected, "tags", "tagsAll"] for name in untagged},
        "users": [*protected, "serverSideEncryption", "tags", "tagsAll"],
        "retail_invoices": ["deletionProtectionEnabled", "tags", "tagsAll"],
        "travel_invoices": protected,
    }
    assert sorted(created) == [
        f"aws:appautoscaling/{kind}::rental_invoices-due_date-{access}"
        for kind in ("policy:Policy", "target:Target")
        for access in ("read", "write")
    ]

    with engine.watched() as calls:
        engine.run("up", "--yes", "--stack", "prod", *PACK)
    changes = that_change(calls)
    assert {operation for operation, _ in changes} == {
        *("UpdateTable", "UpdateContinuousBackups", "TagResource", "UntagResource"),
        *("RegisterScalableTarget", "PutScalingPolicy"),
    }
    assert [call for call in changes if call[0] == "UntagResource"] == [
        ("UntagResource", {"ResourceArn": users, "TagKeys": ["Owner"]})
    ]
    assert [parameters for _, parameters in changes if "SSESpecification" in parameters] == [
        {"TableName": "Users", "SSESpecification": {"Enabled": True}}
    ]
    assert items(engine.aws) == before
    assert all(len(found) == 1 for found in before.values())
    assert (
        expiry["AttributeName"]
        == (dynamodb.describe_time_to_live(TableName="VendorConfig")["TimeToLiveDescription"]["AttributeName"])
    )
    assert planned(engine) == {}


def planned(engine):
    """Return the properties that a preview changes, by the logical name of what it updates."""
    steps = engine.json("preview", "--stack", "prod")["steps"]
    return {step["urn"].split("::")[-1]: sorted(step["diffReasons"]) for step in steps if step["op"] != "same"}
