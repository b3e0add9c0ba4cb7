"""The twelve tables, by family. A new table is one entry here."""

from components.schema import Capacity, Family, GlobalSecondaryIndex, Table

_IMAGES = "NEW_AND_OLD_IMAGES"

RENTAL_INVOICES = Family(
    "rental_invoices",
    "paypulse:dynamodb:RentalInvoices",
    (
        Table(
            logical_name="rental_invoices",
            name="RentalInvoices",
            partition_key="UserID",
            sort_key="InvoiceID",
            capacity=Capacity(read=5, write=5),
            indexes=(
                GlobalSecondaryIndex(
                    logical_name="due_date",
                    name="due_date_year-due_date_month-index",
                    partition_key="due_date_year",
                    sort_key="due_date_month",
                    capacity=Capacity(read=1, write=1),
                ),
            ),
            stream_view_type=_IMAGES,
        ),
    ),
)

USERS = Family(
    "users",
    "paypulse:dynamodb:Users",
    (
        Table(
            logical_name="users",
            name="Users",
            partition_key="UserID",
            indexes=(GlobalSecondaryIndex(logical_name="email", name="Email-index", partition_key="Email"),),
        ),
    ),
)

# One detail table for each retail category: its logical name, its physical name.
_RETAIL_CATEGORIES = {
    "food_delivery_invoices": "FoodDeliveryInvoices",
    "clothing_invoices": "ClothingInvoices",
    "technology_invoices": "TechnologyInvoices",
    "subscription_invoices": "SubscriptionInvoices",
    "grocery_invoices": "GroceryInvoices",
    "misc_utility_invoices": "MiscellaneousUtilityInvoices",
    "misc_invoices": "MiscellaneousInvoices",
    "travel_invoices": "TravelInvoices",
}

RETAIL_INVOICES = Family(
    "retail_invoices",
    "paypulse:dynamodb:RetailInvoices",
    (
        Table(
            logical_name="retail_invoices",
            name="RetailInvoices",
            partition_key="UserID",
            sort_key="InvoiceID",
            indexes=(
                GlobalSecondaryIndex(
                    logical_name="invoice_date",
                    name="invoice_date-index",
                    partition_key="UserID",
                    sort_key="invoice_date",
                ),
                GlobalSecondaryIndex(
                    logical_name="sub_type",
                    name="sub_type-invoice_date-index",
                    partition_key="UserID_SubType",
                    sort_key="invoice_date",
                ),
            ),
            stream_view_type=_IMAGES,
        ),
        *(
            Table(logical_name=logical_name, name=name, partition_key="InvoiceID")
            for logical_name, name in _RETAIL_CATEGORIES.items()
        ),
    ),
)

VENDOR_CONFIG = Family(
    "vendor_config",
    "paypulse:dynamodb:VendorConfig",
    (Table(logical_name="vendor_config", name="VendorConfig", partition_key="vendor_id"),),
)

FAMILIES = (RENTAL_INVOICES, USERS, RETAIL_INVOICES, VENDOR_CONFIG)
TABLES = tuple(table for family in FAMILIES for table in family.tables)
