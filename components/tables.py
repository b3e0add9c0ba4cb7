"""The twelve tables, by family. To add a table, add one entry here."""

from components.schema import AccessPattern, Capacity, Family, GlobalSecondaryIndex, Table

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
            trigger="send_invoice_notification",
            access_patterns=(
                AccessPattern(
                    question="rental invoices of a user",
                    operation="Query",
                    key=("UserID",),
                    consumers=("get_invoices", "fetch_invoices", "delete_user"),
                ),
                AccessPattern(
                    question="one rental invoice",
                    operation="GetItem",
                    key=("UserID", "InvoiceID"),
                    consumers=("get_rental_invoice",),
                ),
                AccessPattern(
                    question="rental invoices due in a month of a year",
                    operation="Query",
                    index="due_date",
                    key=("due_date_year", "due_date_month"),
                    consumers=("fetch_latest_invoice",),
                ),
                AccessPattern(
                    question="a rental invoice, written",
                    operation="PutItem",
                    key=("UserID", "InvoiceID"),
                    consumers=("parse_invoice",),
                ),
                AccessPattern(
                    question="a rental invoice, deleted",
                    operation="DeleteItem",
                    key=("UserID", "InvoiceID"),
                    consumers=("delete_user",),
                ),
            ),
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
            access_patterns=(
                AccessPattern(
                    question="user by id", operation="GetItem", key=("UserID",), consumers=("get_user_profile",)
                ),
                AccessPattern(
                    question="user by email, at login",
                    operation="Query",
                    index="email",
                    key=("Email",),
                    consumers=("login_user", "signup_user"),
                    note="The index lets a login read one item instead of the whole table.",
                ),
                AccessPattern(
                    question="last fetch of a user's retail invoices, read",
                    operation="GetItem",
                    key=("UserID",),
                    attribute="last_retail_invoice_fetch",
                    consumers=("fetch_retail_invoices",),
                ),
                AccessPattern(
                    question="last fetch of a user's retail invoices, written",
                    operation="UpdateItem",
                    key=("UserID",),
                    attribute="last_retail_invoice_fetch",
                    consumers=("fetch_retail_invoices",),
                ),
                AccessPattern(
                    question="a user, written at signup",
                    operation="PutItem",
                    key=("UserID",),
                    consumers=("signup_user",),
                ),
                AccessPattern(
                    question="a user, deleted", operation="DeleteItem", key=("UserID",), consumers=("delete_user",)
                ),
            ),
        ),
    ),
)

# The functions that write the invoices of every category, and those that delete them.
_WRITERS = ("parse_retail_invoice", "create_manual_invoice")
_DELETERS = ("delete_retail_invoice", "delete_user")

# Each retail category has one detail table. This maps its sub type to the logical and the physical name.
_RETAIL_CATEGORIES = {
    "food-delivery": ("food_delivery_invoices", "FoodDeliveryInvoices"),
    "clothing": ("clothing_invoices", "ClothingInvoices"),
    "technology": ("technology_invoices", "TechnologyInvoices"),
    "subscription": ("subscription_invoices", "SubscriptionInvoices"),
    "grocery": ("grocery_invoices", "GroceryInvoices"),
    "misc-utility": ("misc_utility_invoices", "MiscellaneousUtilityInvoices"),
    "misc": ("misc_invoices", "MiscellaneousInvoices"),
    "travel": ("travel_invoices", "TravelInvoices"),
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
            access_patterns=(
                AccessPattern(
                    question="retail invoices of a user",
                    operation="Query",
                    key=("UserID",),
                    consumers=("get_invoices", "delete_user"),
                ),
                AccessPattern(
                    question="one retail invoice",
                    operation="GetItem",
                    key=("UserID", "InvoiceID"),
                    consumers=("delete_retail_invoice",),
                ),
                AccessPattern(
                    question="retail invoices of a user between two dates, newest first",
                    operation="Query",
                    index="invoice_date",
                    key=("UserID",),
                    between="invoice_date",
                    newest_first=True,
                ),
                AccessPattern(
                    question="retail invoices of a user in one category between two dates",
                    operation="Query",
                    index="sub_type",
                    key=("UserID_SubType",),
                    between="invoice_date",
                    consumers=("get_invoices",),
                    note="UserID_SubType is `<user id>_<sub type>`, as in `user_abc123_food-delivery`.",
                ),
                AccessPattern(
                    question="a retail invoice, written",
                    operation="PutItem",
                    key=("UserID", "InvoiceID"),
                    consumers=_WRITERS,
                ),
                AccessPattern(
                    question="a retail invoice, deleted",
                    operation="DeleteItem",
                    key=("UserID", "InvoiceID"),
                    consumers=_DELETERS,
                ),
            ),
        ),
        *(
            Table(
                logical_name=logical_name,
                name=name,
                partition_key="InvoiceID",
                access_patterns=(
                    AccessPattern(
                        question=f"detail of a {category} invoice",
                        operation="GetItem",
                        key=("InvoiceID",),
                        consumers=("get_invoices",),
                    ),
                    AccessPattern(
                        question=f"detail of a {category} invoice, written",
                        operation="PutItem",
                        key=("InvoiceID",),
                        consumers=_WRITERS,
                    ),
                    AccessPattern(
                        question=f"detail of a {category} invoice, deleted",
                        operation="DeleteItem",
                        key=("InvoiceID",),
                        consumers=_DELETERS,
                    ),
                ),
            )
            for category, (logical_name, name) in _RETAIL_CATEGORIES.items()
        ),
    ),
)

VENDOR_CONFIG = Family(
    "vendor_config",
    "paypulse:dynamodb:VendorConfig",
    (
        Table(
            logical_name="vendor_config",
            name="VendorConfig",
            partition_key="vendor_id",
            access_patterns=(
                AccessPattern(question="vendor by id", operation="GetItem", key=("vendor_id",)),
                AccessPattern(
                    question="all active vendors",
                    operation="Scan",
                    filter_by="active",
                    consumers=("fetch_retail_invoices",),
                    note="The only table that is scanned: there are few vendors, and a fetch needs nearly all of them.",
                ),
            ),
        ),
    ),
)

FAMILIES = (RENTAL_INVOICES, USERS, RETAIL_INVOICES, VENDOR_CONFIG)
TABLES = tuple(table for family in FAMILIES for table in family.tables)
