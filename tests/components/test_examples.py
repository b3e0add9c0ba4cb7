"""The items that a drill asks its questions of."""

import pytest

from components.examples import ITEMS
from components.tables import TABLES


@pytest.mark.parametrize("table", [pytest.param(table, id=table.logical_name) for table in TABLES])
def test_every_table_has_items_of_several_keys_and_of_all_its_key_attributes(table):
    items = ITEMS[table.logical_name]

    assert len({(item[table.partition_key], item.get(table.sort_key)) for item in items}) == len(items) > 1
    assert [set(table.key_attributes) - item.keys() for item in items] == [set()] * len(items)


def test_items_have_the_attributes_that_paypulse_writes():
    assert {name: set().union(*items) for name, items in ITEMS.items() if name.startswith(("retail", "ven"))} == {
        "retail_invoices": {
            *("UserID", "InvoiceID", "UserID_SubType", "vendor_name", "sub_type"),
            *("total_amount", "currency", "invoice_date", "s3_path"),
        },
        "vendor_config": {
            *("vendor_id", "vendor_name", "invoice_sub_type", "email_patterns", "subject_keywords"),
            *("parser_type", "active"),
        },
    }


def test_the_combined_key_of_a_retail_invoice_is_its_user_and_its_sub_type():
    items = ITEMS["retail_invoices"]

    assert [item["UserID_SubType"] for item in items] == [f"{item['UserID']}_{item['sub_type']}" for item in items]
