"""From a table's definition to the provider's arguments, and to the stack's outputs."""

from dataclasses import replace
from unittest import mock

import pytest

from components import tables as definitions
from components.schema import Capacity, GlobalSecondaryIndex, Table
from components.tables import TABLES, VENDOR_CONFIG
from tests import programs
from tests.conftest import ROOT

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
EVERY_TABLE = {
    "serverSideEncryption": {"enabled": True},
    "pointInTimeRecovery": {"enabled": True, "recoveryPeriodInDays": 35},
    "deletionProtectionEnabled": True,
    "tags": {"Environment": "production"},
}


def tables(recorded):
    return {r.name: r for r in recorded.resources if r.type == "aws:dynamodb/table:Table"}


def test_a_provisioned_table_is_registered_with_all_of_its_definition(record):
    assert tables(record("prod"))["rental_invoices"].inputs == EVERY_TABLE | {
        "name": "RentalInvoices",
        "billingMode": "PROVISIONED",
        "hashKey": "UserID",
        "rangeKey": "InvoiceID",
        "attributes": [
            {"name": name, "type": "S"} for name in ("InvoiceID", "UserID", "due_date_month", "due_date_year")
        ],
        "readCapacity": 5,
        "writeCapacity": 5,
        "globalSecondaryIndexes": [
            {
                "name": "due_date_year-due_date_month-index",
                "hashKey": "due_date_year",
                "rangeKey": "due_date_month",
                "projectionType": "ALL",
                "readCapacity": 1,
                "writeCapacity": 1,
            }
        ],
        "streamEnabled": True,
        "streamViewType": "NEW_AND_OLD_IMAGES",
    }


def test_a_table_on_demand_is_registered_without_capacities(record):
    assert tables(record("prod"))["users"].inputs == EVERY_TABLE | {
        "name": "Users",
        "billingMode": "PAY_PER_REQUEST",
        "hashKey": "UserID",
        "attributes": [{"name": name, "type": "S"} for name in ("Email", "UserID")],
        "globalSecondaryIndexes": [{"name": "Email-index", "hashKey": "Email", "projectionType": "ALL"}],
    }


@pytest.fixture
def record_vendors(tmp_path):
    """Record prod with fields of the table VendorConfig."""

    def record_vendors(**fields):
        family = replace(VENDOR_CONFIG, tables=(replace(VENDOR_CONFIG.tables[0], **fields),))
        families = tuple(family if each is VENDOR_CONFIG else each for each in definitions.FAMILIES)
        (tmp_path / "__main__.py").write_text((ROOT / "__main__.py").read_text())
        with mock.patch.object(definitions, "FAMILIES", families):
            # In a folder of its own: recordings of this project's are kept.
            return tables(programs.record(replace(programs.stack(), directory=tmp_path)))

    return record_vendors


VENDORS = EVERY_TABLE | {
    "name": "VendorConfig",
    "billingMode": "PAY_PER_REQUEST",
    "hashKey": "vendor_id",
    "attributes": [{"name": "vendor_id", "type": "S"}],
}


def test_a_table_whose_items_expire_is_registered_with_their_attribute(record_vendors):
    assert record_vendors(time_to_live="expires")["vendor_config"].inputs == VENDORS | {
        "ttl": {"attributeName": "expires", "enabled": True}
    }


def test_a_table_that_is_retiring_is_not_protected_and_all_others_are(record_vendors):
    found = record_vendors(retiring=True)

    assert found["vendor_config"].inputs == VENDORS | {"deletionProtectionEnabled": False}
    assert {name: (r.protect, r.inputs["deletionProtectionEnabled"]) for name, r in found.items()} == {
        table.logical_name: (table.logical_name != "vendor_config",) * 2 for table in TABLES
    }


def test_reads_and_writes_are_not_confused(program):
    """The tables of PayPulse have as much of one as of the other."""
    index = GlobalSecondaryIndex(logical_name="i", name="by-owner", partition_key="owner", capacity=Capacity(3, 4))
    table = Table(logical_name="t", name="T", partition_key="id", capacity=Capacity(1, 2), indexes=(index,))
    stack = program(
        f"""
        import sys
        sys.path.insert(0, {str(ROOT)!r})
        from components.family import table_args
        from components.schema import *
        from components.settings import Settings
        settings = Settings(
            table_names={{"t": "T"}},
            triggers={{}},
            environment="x",
            protect_tables=True,
            kms_key_arn="",
            alarm_topic="",
            autoscaling=None,
        )
        aws.dynamodb.Table("t", table_args({table!r}, settings))
        """
    )
    inputs = programs.record(stack).resources[-1].inputs

    assert (inputs["readCapacity"], inputs["writeCapacity"]) == (1, 2)
    assert inputs["globalSecondaryIndexes"] == [
        {"name": "by-owner", "hashKey": "owner", "projectionType": "ALL", "readCapacity": 3, "writeCapacity": 4}
    ]


def test_a_customer_managed_key_encrypts_every_table(record):
    found = tables(record("prod", f"kms_key_arn={KEY}")).values()

    assert [r.inputs["serverSideEncryption"] for r in found] == [{"enabled": True, "kmsKeyArn": KEY}] * len(TABLES)


@pytest.mark.parametrize(
    ("stack", "is_protected", "environment"),
    [
        pytest.param("prod", True, "production", id="prod"),
        pytest.param("dev", False, "development", id="dev"),
    ],
)
def test_a_stack_protects_and_tags_every_table(record, stack, is_protected, environment):
    found = [
        (r.protect, r.inputs["deletionProtectionEnabled"], r.inputs["tags"]) for r in tables(record(stack)).values()
    ]

    assert found == [(is_protected, is_protected, {"Environment": environment})] * len(TABLES)


def test_outputs_tell_names_and_arns_of_tables_indexes_and_streams():
    def create(resource):
        name = resource.inputs.get("name", "")
        return name, {"arn": f"arn:{name}", "streamArn": f"arn:{name}/stream"}

    recorded = programs.record(programs.stack(), create)
    outputs = recorded.outputs

    assert list(outputs["tables"]) == sorted(table.logical_name for table in TABLES)
    assert outputs["tables"]["vendor_config"] == {"name": "VendorConfig", "arn": "arn:VendorConfig", "indexes": {}}
    assert outputs["tables"]["retail_invoices"] == {
        "name": "RetailInvoices",
        "arn": "arn:RetailInvoices",
        "stream_arn": "arn:RetailInvoices/stream",
        "indexes": {
            "invoice_date": {"name": "invoice_date-index", "arn": "arn:RetailInvoices/index/invoice_date-index"},
            "sub_type": {
                "name": "sub_type-invoice_date-index",
                "arn": "arn:RetailInvoices/index/sub_type-invoice_date-index",
            },
        },
    }
    assert {name: value for name, value in outputs.items() if name not in {"tables", "permissions"}} == {
        "rental_invoices_stream_arn": "arn:RentalInvoices/stream",
        "retail_invoices_stream_arn": "arn:RetailInvoices/stream",
    }
    # A component's outputs are those of its own tables.
    family = "urn:pulumi:prod::paypulse::paypulse:dynamodb:Users::users"
    assert recorded.component_outputs[family] == {"tables": {"users": outputs["tables"]["users"]}}


def test_every_component_ends_with_its_outputs(record):
    """Without them, the engine shows a component as one that is still being made."""
    plan = record("prod")

    assert plan.component_outputs.keys() == {resource.urn for resource in plan.resources if not resource.custom}
