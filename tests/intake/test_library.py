"""Every contract of the library reads a sample of its kind of file through the real intake."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from intake.contract import load_contract, load_contracts
from intake.hashing import hash_identifier
from intake.ingest import ingest
from intake.paths import repository_root
from intake.project import Project
from intake.report import FileReport
from orchestration.cli.library_page import is_library
from tests.intake.scene import KEY, lake_rows

SOURCES = repository_root() / "config" / "sources"
SAMPLES = Path(__file__).with_name("samples")
LIBRARY = {name: contract for name, contract in load_contracts(SOURCES).items() if is_library(contract)}


@dataclass(frozen=True)
class Expected:
    """What becomes of a sample: rows set aside by reason, events by type, identifier types, and one event's values."""

    reasons: dict[str, int]
    types: dict[str, int]
    identifiers: set[str]
    of_type: str
    values: dict[str, Any]
    rows: int | None = None
    properties: dict[str, Any] = field(default_factory=dict)


EXPECTED = {
    "segment_events": Expected(
        {"missing_field:event_type": 1},
        {"page_viewed": 2, "profile_updated": 2, "searched": 1, "product_viewed": 1, "order_completed": 1, "custom": 1},
        {"login", "email", "phone", "device_id", "cookie", "ip"},
        "order_completed",
        {
            "amount": Decimal("104.8"),
            "quantity": 3,
            "currency": "EUR",
            "page_url": "https://shop.example/lamps?email=[removed]",
        },
        properties={"order_total": 112.3, "coupon": "SPRING", "event_name": "Order Completed"},
    ),
    "segment_groups": Expected(
        {"missing_field:event_type": 1, "placeholder_account": 1},
        {"account_described": 1},
        {"login", "cookie", "ip"},
        "account_described",
        {"country": "GB"},
        properties={"account_id": "acc-5", "account_name": "Berg Ltd", "industry": "Retail", "employees": 40},
    ),
    # The search and the page belong to segment_events: they are not counted here.
    "segment_lists": Expected(
        {"missing_field:product_id": 1},
        {"product_list_viewed": 1, "product_clicked": 1},
        {"login", "cookie"},
        "product_list_viewed",
        {"category": "Lamps", "amount": None, "quantity": None, "page_url": "https://shop.example/lamps"},
        rows=3,
        properties={"list_id": "lamps"},
    ),
    "ga4_events": Expected(
        {"missing_field:product_id": 1},
        {"page_viewed": 1, "product_viewed": 1, "searched": 1, "cart_added": 1, "order_completed": 1, "custom": 1},
        {"login", "cookie", "click_id"},
        "order_completed",
        {"amount": Decimal("104.8"), "order_id": "o-100", "session_id": "1234567890.1493632800.1493632800"},
        properties={"coupon": "SPRING", "shipping": 5},
    ),
    "snowplow_events": Expected(
        {"malformed_record": 1, "invalid_timestamp:occurred_at": 1},
        {"page_viewed": 1, "cart_added": 1, "searched": 1, "order_completed": 1, "custom": 2},
        {"login", "cookie", "click_id", "ip"},
        "cart_added",
        {"product_id": "L-7", "quantity": 2, "unit_price": Decimal("49.9"), "currency": "SEK"},
        properties={"page_title": 'The "best" lamps', "event_name": "add_to_cart"},
    ),
    "web_clicks": Expected(
        {"missing_field:product_id": 1},
        {"page_viewed": 1, "product_viewed": 1, "logged_in": 1},
        {"login", "email", "cookie", "ip"},
        "page_viewed",
        {"page_url": "https://shop.example/?token=[removed]", "locale": "de-DE"},
        properties={"theme": "dark"},
    ),
    "app_events": Expected(
        {"unknown_event_type": 1},
        {"app_opened": 1, "product_viewed": 1},
        {"login", "device_id", "ip"},
        "product_viewed",
        {"product_id": "p-7", "dwell_ms": 3100, "channel": "app"},
    ),
    "pos_receipts": Expected(
        {"invalid_number:list_amount": 1},
        {"order_completed": 2, "order_refunded": 1},
        {"loyalty_id", "email", "pos_id"},
        "order_refunded",
        {"amount": Decimal("5"), "store_id": "12", "order_id": "12-0003"},
        rows=5,
    ),
    "shopify_orders": Expected(
        {"test_order": 1, "invalid_json:line_items": 1},
        {"order_completed": 2},
        {"email", "phone", "crm_id", "ip"},
        "order_completed",
        {"currency": "EUR", "country": "GB"},
        properties={"tax": "15.80", "shipping": 5},
    ),
    "shopify_refunds": Expected(
        {"test_order": 1},
        {"order_refunded": 2},
        {"email", "phone", "crm_id"},
        "order_refunded",
        {"order_id": "450789470", "channel": "store"},
    ),
    "sendgrid_events": Expected(
        {"malformed_record": 1},
        {
            "email_sent": 1,
            "email_delivered": 2,
            "email_opened": 1,
            "email_clicked": 1,
            "email_bounced": 1,
            "consent_updated": 1,
        },
        {"email"},
        "email_clicked",
        {"campaign": "Lamps in May", "page_url": "https://shop.example/lamps?email=[removed]"},
    ),
    "crm_customers": Expected(
        {"invalid_timestamp:occurred_at": 1},
        {"profile_updated": 2},
        {"login", "loyalty_id", "email", "phone", "crm_id"},
        "profile_updated",
        {"country": "GB"},
    ),
    "loyalty_ledger": Expected(
        {"negative:quantity": 1},
        {"loyalty_joined": 1, "points_earned": 1, "points_spent": 1, "coupon_redeemed": 1},
        {"loyalty_id", "email"},
        "points_earned",
        {"quantity": 95, "store_id": "12"},
    ),
    "ad_clicks": Expected(
        {"missing_field:campaign": 1},
        {"ad_shown": 1, "ad_clicked": 2},
        {"click_id", "device_id"},
        "ad_shown",
        {"campaign": "spring", "query": "brass lamp"},
    ),
    "support_tickets": Expected(
        {"unknown_event_type": 1},
        {"support_ticket_opened": 2, "support_ticket_solved": 1},
        {"crm_id", "email"},
        "support_ticket_solved",
        {"order_id": "o-100", "channel": "email"},
        properties={"ticket_id": "T-1", "satisfaction": "good"},
    ),
    "returns": Expected(
        {"missing_field:order_id": 1},
        {"return_requested": 1, "return_received": 1},
        {"crm_id", "email"},
        "return_received",
        {"product_id": "p-7", "quantity": 1},
        properties={"reason": "too dark", "condition": "as new"},
    ),
    "deliveries": Expected(
        {"missing_field:order_id": 1},
        {"delivery_promised": 1, "delivery_dispatched": 1, "delivery_failed": 1, "delivery_completed": 1},
        {"crm_id", "email"},
        "delivery_promised",
        {"postal_code": "LS1"},
        properties={"promised_date": "2017-05-04", "carrier": "Swift"},
    ),
    "stock_levels": Expected(
        {"invalid_number:quantity": 1}, {"stock_updated": 2}, set(), "stock_updated", {"store_id": "12"}
    ),
    "price_list": Expected(
        {"price_not_positive": 1}, {"price_updated": 2}, set(), "price_updated", {"currency": "EUR"}
    ),
    "product_catalogue": Expected(
        {"missing_field:product_id": 1},
        {"product_updated": 2},
        set(),
        "product_updated",
        {},
        properties={"brand": "Lumen"},
    ),
    "weather": Expected(
        {"temperature_absurd": 1}, {"weather_observed": 2}, set(), "weather_observed", {"country": "GB"}
    ),
    "product_reviews": Expected(
        {"rating_out_of_range": 1}, {"review_written": 2}, {"login", "email"}, "review_written", {"locale": "en"}
    ),
    "survey_answers": Expected(
        {"invalid_json:answers": 1, "score_out_of_range": 1},
        {"survey_answered": 3},
        {"login", "email"},
        "survey_answered",
        {"channel": "web"},
        rows=5,
        properties={"survey": "style quiz"},
    ),
    "store_beacons": Expected(
        {"missing_field:store_id": 1},
        {"beacon_seen": 2},
        {"login", "device_id"},
        "beacon_seen",
        {"store_id": "12", "category": "Lamps"},
        properties={"beacon_id": "b-3"},
    ),
    "subscriptions": Expected(
        {"unknown_event_type": 1},
        {"subscription_started": 1, "subscription_renewed": 1, "subscription_cancelled": 1},
        {"crm_id", "email"},
        "subscription_renewed",
        {"product_id": "coffee-monthly", "amount": Decimal("12.9")},
    ),
    "consent_records": Expected(
        {"missing_property:purpose_or_granted": 1},
        {"consent_updated": 3},
        {"login", "email", "cookie"},
        "consent_updated",
        {"country": "DE"},
        rows=4,
        properties={"regime": "gdpr"},
    ),
    "company_accounts": Expected(
        {"employees_negative": 1},
        {"account_described": 2},
        {"crm_id", "email"},
        "account_described",
        {"country": "GB"},
    ),
}


def sample(name: str) -> Path:
    (file,) = SAMPLES.glob(f"{name}.*")
    return file


def take(project: Project, name: str, file: Path | None = None) -> FileReport:
    return ingest(project, load_contract(SOURCES / f"{name}.yml"), [file or sample(name)]).files[0]


def test_every_contract_of_the_library_has_a_sample() -> None:
    assert set(LIBRARY) == set(EXPECTED) == {file.stem for file in SAMPLES.iterdir()}
    assert len({contract.kind for contract in load_contracts(SOURCES).values()}) >= 20


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_becomes_the_events_that_it_tells_of(project: Project, name: str) -> None:
    expected, report = EXPECTED[name], take(project, name)
    rows = lake_rows(project)
    assert report.reasons == expected.reasons
    assert Counter(row["event_type"] for row in rows) == expected.types
    assert report.rows_read == report.accepted + report.quarantined
    assert report.rows_read == expected.rows or expected.rows is None
    assert {pair["type"] for row in rows for pair in row["identifiers"]} == expected.identifiers
    of_type = [row for row in rows if row["event_type"] == expected.of_type]
    assert all({name: row[name] for name in expected.values} == expected.values for row in of_type)
    properties = [json.loads(row["properties"]) for row in of_type]
    assert all(expected.properties.items() <= found.items() for found in properties)


@pytest.mark.parametrize("name", EXPECTED)
def test_nothing_personal_of_a_sample_reaches_the_lake(project: Project, name: str) -> None:
    take(project, name)
    kept = json.dumps(lake_rows(project), default=str)
    personal = ("ann@mail.example", "ann%40mail", "Ann", 'Berg"', "7946", "203.0.113", "1980-03-05", "Station Road")
    names_of_companies = kept.replace("Berg Ltd", "")
    assert [word for word in personal if word in names_of_companies] == []


def vault(project: Project) -> list[dict[str, Any]]:
    rows = [row for file in sorted(project.paths.vault.glob("*.parquet")) for row in pq.read_table(file).to_pylist()]
    return sorted(rows, key=lambda row: (row["event_id"], row["occurred_at"]))


@pytest.mark.parametrize("name", ["crm_customers", "shopify_orders", "segment_events", "pos_receipts"])
def test_records_that_name_people_are_ready_for_matching(project: Project, name: str) -> None:
    take(project, name)
    ann = [row for row in vault(project) if row["email"] == "ann@mail.example"]
    assert ann
    names = {(row["given_name"], row["family_name"], row["full_name"]) for row in ann}
    assert names == {(None, None, "Ann Berg")} if name == "pos_receipts" else {("Ann", "Berg", None)}
    assert {row["postal_code"] for row in ann} == {"LS1 4DY"}
    assert all(row["record_value"] for row in ann)


def test_lines_of_a_shopify_order_bear_its_discounts_and_add_up(project: Project) -> None:
    take(project, "shopify_orders")
    order = next(row for row in lake_rows(project) if row["order_id"] == "450789469")
    properties = json.loads(order["properties"], parse_float=Decimal)
    assert [line["amount"] for line in properties["lines"]] == [Decimal("90.28"), Decimal("4.52")]
    assert sum(line["amount"] for line in properties["lines"]) == order["amount"] == Decimal("94.80")
    for line in properties["lines"]:
        assert line["list_amount"] - line["discount_amount"] == line["amount"]
    assert (properties["discount_amount"], properties["coupon"]) == (10, "SPRING")


def test_a_shopify_refund_without_lines_is_what_was_paid_back_and_not_what_was_tried(project: Project) -> None:
    take(project, "shopify_refunds")
    assert sorted(row["amount"] for row in lake_rows(project)) == [Decimal("1.00"), Decimal("4.52")]


def test_analytics_rows_with_words_that_are_numbers_and_without_values(project: Project, tmp_path: Path) -> None:
    """The export of Google Analytics writes a search for 2020 as int_value, and "(not set)" for what it lacks."""
    row = {"event_timestamp": "1493632801000000", "user_pseudo_id": "1.2", "event_name": "view_search_results"}
    terms = [{"int_value": "2020"}, {"string_value": None, "double_value": 7.5}, {"string_value": "lamp"}]
    rows = [
        {**row, "batch_event_index": str(place), "event_params": [{"key": "search_term", "value": term}]}
        for place, term in enumerate(terms)
    ]
    bought = {"ecommerce": {"transaction_id": "o-1", "purchase_revenue": 30.0}, "event_name": "purchase"}
    items = [{"item_id": "(not set)", "item_revenue": 30.0}]
    file = tmp_path / "ga4.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in [*rows, {**row, **bought, "items": items}]))
    assert take(project, "ga4_events", file).accepted == 4
    events = lake_rows(project)
    assert {event["query"] for event in events} == {"2020", "7.5", "lamp", None}
    (order,) = [event for event in events if event["event_type"] == "order_completed"]
    assert (order["product_id"], order["currency"]) == (None, "USD")
    assert "not set" not in order["properties"]


def test_mail_events_without_a_category_or_an_address(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "mail.jsonl"
    sent = {
        "email": "ann@mail.example",
        "timestamp": 1493632860,
        "event": "delivered",
        "sg_event_id": "1",
        "category": [],
    }
    status = {"event": "account_status_change", "timestamp": 1493632860, "sg_event_id": "2", "type": "suspended"}
    file.write_text(json.dumps(sent) + "\n" + json.dumps(status) + "\n")
    assert take(project, "sendgrid_events", file).accepted == 2
    assert {event["campaign"] for event in lake_rows(project)} == {"transactional"}


def test_unsubscribing_from_e_mail_holds_for_the_next_file(project: Project, tmp_path: Path) -> None:
    take(project, "sendgrid_events")
    later = {"email": "ann@mail.example", "timestamp": 1493700000, "event": "open", "sg_event_id": "sg-20"}
    file = tmp_path / "later.json"
    file.write_text(json.dumps(later) + "\n")
    report = take(project, "sendgrid_events", file)
    assert (report.accepted, report.suppressed) == (0, 1)


def test_consent_of_a_platform_names_our_purposes(project: Project) -> None:
    take(project, "consent_records")
    words = [json.loads(row["properties"]) for row in lake_rows(project)]
    said = {(word["purpose"], word["granted"]) for word in words}
    assert said == {("marketing_email", True), ("analytics", False), ("marketing_email", False)}


def test_a_segment_user_is_the_same_person_in_page_order_and_group_calls(project: Project) -> None:
    take(project, "segment_events")
    take(project, "segment_groups")
    login = {"type": "login", "value": hash_identifier(KEY.encode(), "login", "u-17")}
    known = {row["event_type"] for row in lake_rows(project) if login in row["identifiers"]}
    assert known == {"profile_updated", "order_completed", "page_viewed", "account_described"}


def test_a_compressed_sample_is_the_same_sample(project: Project, tmp_path: Path) -> None:
    take(project, "snowplow_events")
    plain = lake_rows(project)
    packed = tmp_path / "part-00000"
    packed.write_bytes(gzip.compress(sample("snowplow_events").read_bytes()))
    report = take(project, "snowplow_events", packed)
    assert report.accepted == len(plain)
    assert {row["event_id"] for row in lake_rows(project)} == {row["event_id"] for row in plain}
