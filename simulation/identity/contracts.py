"""Source contracts for the company's files, for a configuration folder to take in."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

_CONTRACTS: Final[dict[str, dict[str, Any]]] = {
    "shop_crm": {
        "description": "Simulated customer file: a line for each time a customer's data was saved.",
        "kind": "crm",
        "format": "csv",
        "time_zone": "UTC",
        "event_type": "profile_updated",
        "natural_key": ["customer_no", "saved_on"],
        "columns": {"occurred_at": "saved_on"},
        "identifiers": [
            {"type": "crm_id", "column": "customer_no"},
            {"type": "loyalty_id", "column": "club_card"},
            {"type": "email", "column": "mail"},
            {"type": "phone", "column": "mobile"},
        ],
        "matching": {
            "given_name": "first_name",
            "family_name": "surname",
            "street_address": "street",
            "postal_code": "zip",
            "city": "town",
            "email": "mail",
            "phone": "mobile",
            "birth_date": "date_of_birth",
        },
    },
    "shop_pos": {
        "description": "Simulated till receipts, with a loyalty card or with name and place for a delivery.",
        "kind": "pos",
        "format": "parquet",
        "channel": "store",
        "currency": "USD",
        "event_type": "order_completed",
        "event_id": "receipt_no",
        "columns": {"occurred_at": "sold_at", "order_id": "receipt_no", "store_id": "store", "amount": "total"},
        "identifiers": [
            {"type": "pos_id", "column": "delivery_no"},
            {"type": "loyalty_id", "column": "club_card"},
            {"type": "email", "column": "receipt_mail"},
            {"type": "phone", "column": "deliver_phone"},
        ],
        "matching": {
            "given_name": "deliver_first_name",
            "family_name": "deliver_surname",
            "street_address": "deliver_street",
            "postal_code": "deliver_zip",
            "email": "receipt_mail",
            "phone": "deliver_phone",
        },
    },
    "shop_guest_orders": {
        "description": "Simulated web orders without an account; some have an e-mail address or a phone number only.",
        "kind": "online_orders",
        "format": "csv",
        "channel": "web",
        "currency": "USD",
        "time_zone": "UTC",
        "event_type": "order_completed",
        "event_id": "order_no",
        "columns": {"occurred_at": "ordered_at", "order_id": "order_no", "amount": "total"},
        "identifiers": [{"type": "email", "column": "mail"}, {"type": "phone", "column": "phone"}],
        "matching": {
            "full_name": "recipient",
            "street_address": "street",
            "postal_code": "zip",
            "city": "town",
            "email": "mail",
            "phone": "phone",
        },
    },
    "shop_web": {
        "description": "Simulated click stream: cookies and devices, logins on some visits, ad clicks, bots.",
        "kind": "web",
        "format": "jsonl",
        "channel": "web",
        "time_unit": "ms",
        "event_type": {
            "column": "what",
            "map": {"page": "page_viewed", "sign_in": "logged_in", "checkout": "checkout_started"},
        },
        "natural_key": ["visit", "what", "ts"],
        "columns": {"occurred_at": "ts", "session_id": "visit"},
        "identifiers": [
            {"type": "login", "column": "account"},
            {"type": "email", "column": "mail"},
            {"type": "device_id", "column": "app_device"},
            {"type": "cookie", "column": "browser_id"},
            {"type": "click_id", "column": "ad_click"},
        ],
        "personal_data": ["mail"],
        "properties": ["agent"],
        "consent": "analytics",
    },
}
SOURCES: Final = tuple(_CONTRACTS)
FILES: Final = {
    "shop_crm": "crm.csv",
    "shop_pos": "pos.parquet",
    "shop_guest_orders": "guest_orders.csv",
    "shop_web": "web.jsonl.gz",
}


def write_contracts(folder: Path, landing: Path) -> list[Path]:
    """Write a contract for each source, whose location is its file in `landing`; returns the contracts."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for source, content in _CONTRACTS.items():
        location = str(landing.resolve() / FILES[source])
        contract = {"name": source, "version": 1, "location": location, "is_simulated": True, **content}
        file = folder / f"{source}.yml"
        file.write_text(yaml.safe_dump(contract, sort_keys=False, width=120), encoding="utf-8")
        written.append(file)
    return written
