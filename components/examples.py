"""Example items of each table, with the attributes that PayPulse writes. A drill writes and queries them.

Nothing here is deployed.
"""

from decimal import Decimal
from typing import Any

_ME, _YOU = "user_abc123", "user_def456"

# Retail invoices: user, category, date, vendor, total amount in euros. Each also has one item in its detail table.
_RETAIL = [
    (_ME, "food-delivery", "2026-01-09", "Foodora", "23.90"),
    (_ME, "food-delivery", "2026-02-14", "Wolt", "41.20"),
    (_ME, "food-delivery", "2026-03-01", "Foodora", "18.50"),
    (_ME, "food-delivery", "2026-05-23", "Uber Eats", "32.00"),
    (_ME, "clothing", "2026-02-02", "Zalando", "129.95"),
    (_ME, "technology", "2026-02-20", "Webhallen", "899.00"),
    (_ME, "subscription", "2026-03-05", "Spotify", "11.99"),
    (_ME, "grocery", "2026-03-07", "ICA", "87.35"),
    (_ME, "misc-utility", "2026-03-31", "Vattenfall", "64.10"),
    (_ME, "misc", "2026-04-11", "Clas Ohlson", "15.80"),
    (_ME, "travel", "2026-04-30", "SJ", "59.00"),
    (_YOU, "food-delivery", "2026-02-15", "Wolt", "27.40"),
    (_YOU, "clothing", "2026-02-16", "H&M", "39.99"),
    (_YOU, "technology", "2026-03-02", "Dustin", "249.00"),
    (_YOU, "subscription", "2026-03-05", "Netflix", "14.99"),
    (_YOU, "grocery", "2026-03-09", "Coop", "52.15"),
    (_YOU, "misc-utility", "2026-03-30", "Telia", "35.00"),
    (_YOU, "misc", "2026-04-01", "Bauhaus", "120.40"),
    (_YOU, "travel", "2026-04-29", "Flixbus", "19.90"),
]
_RENTAL = [(_ME, "01"), (_ME, "02"), (_ME, "03"), (_YOU, "01"), (_YOU, "02")]
_VENDORS = [("foodora", "food-delivery", True), ("zalando", "clothing", True), ("sj", "travel", False)]


def _retail(number: int, row: tuple[str, str, str, str, str]) -> dict[str, Any]:
    user, sub_type, date, vendor, amount = row
    invoice = f"inv_{number:04}"
    return {
        "UserID": user,
        "InvoiceID": invoice,
        "UserID_SubType": f"{user}_{sub_type}",
        "vendor_name": vendor,
        "sub_type": sub_type,
        "total_amount": Decimal(amount),
        "currency": "EUR",
        "invoice_date": date,
        "s3_path": f"invoices/{user}/{sub_type}/{invoice}.html",
    }


def _detail(invoice: dict[str, Any]) -> dict[str, Any]:
    item = {"description": f"Order at {invoice['vendor_name']}", "quantity": 1, "price": invoice["total_amount"]}
    return {key: invoice[key] for key in ("InvoiceID", "UserID", "vendor_name", "currency")} | {"line_items": [item]}


_RETAIL_INVOICES = [_retail(number, row) for number, row in enumerate(_RETAIL, 1)]
# The items of each table, by the table's logical name.
ITEMS: dict[str, list[dict[str, Any]]] = {
    "rental_invoices": [
        {
            "UserID": user,
            "InvoiceID": f"rent_2026-{month}",
            "due_date_year": "2026",
            "due_date_month": month,
            "total_amount": Decimal("1150.00"),
            "currency": "EUR",
            "s3_path": f"rent/{user}/2026-{month}.pdf",
        }
        for user, month in _RENTAL
    ],
    "users": [
        {"UserID": user, "Email": f"{user}@example.com", "last_retail_invoice_fetch": "2026-05-24T06:00:00Z"}
        for user in (_ME, _YOU)
    ],
    "retail_invoices": _RETAIL_INVOICES,
    **{
        f"{sub_type.replace('-', '_')}_invoices": [_detail(i) for i in _RETAIL_INVOICES if i["sub_type"] == sub_type]
        for sub_type in sorted({invoice["sub_type"] for invoice in _RETAIL_INVOICES})
    },
    "vendor_config": [
        {
            "vendor_id": vendor,
            "vendor_name": vendor.title(),
            "invoice_sub_type": sub_type,
            "email_patterns": [f"no-reply@{vendor}.example"],
            "subject_keywords": ["receipt", "invoice"],
            "parser_type": "html",
            "active": active,
        }
        for vendor, sub_type, active in _VENDORS
    ],
}
