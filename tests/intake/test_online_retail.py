"""The contract of the second shop on lines made by hand: guests, cancellations, repetitions, postage, zero prices."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from intake.contract import load_contract
from intake.hashing import hash_identifier
from intake.ingest import ingest
from intake.paths import repository_root
from intake.project import Project
from intake.report import FileReport
from tests.intake.scene import KEY, lake_rows

CONTRACT = repository_root() / "docs" / "examples" / "online_retail" / "online_retail.yml"
NAMES = ["InvoiceNo", "StockCode", "Quantity", "UnitPrice", "CustomerID", "InvoiceDate", "Country"]
SUMMER, WINTER = datetime(2011, 7, 1, 12, 30), datetime(2011, 12, 1, 8, 26)  # noqa: DTZ001
LINES: list[tuple[Any, ...]] = [
    ("536365", "85123A", 6, 2.55, 17850.0, WINTER, "United Kingdom"),
    ("536365", "71053", 6, 3.39, 17850.0, WINTER, "United Kingdom"),
    ("536365", "71053", 6, 3.39, 17850.0, WINTER, "United Kingdom"),
    ("536365", "POST", 1, 18.0, 17850.0, WINTER, "United Kingdom"),
    ("540001", "22423", 1, 12.75, None, SUMMER, "France"),
    ("C536379", "22556", -12, 1.65, 17850.0, SUMMER, "United Kingdom"),
    ("536545", "21134", 1, 0.0, None, SUMMER, "United Kingdom"),
    ("A563185", "B", 1, -11062.06, None, SUMMER, "United Kingdom"),
]


@pytest.fixture
def taken(project: Project, tmp_path: Path) -> FileReport:
    file = tmp_path / "online_retail.parquet"
    pd.DataFrame(LINES, columns=NAMES).to_parquet(file)
    return ingest(project, load_contract(CONTRACT), [file]).files[0]


@pytest.fixture
def events(taken: FileReport, project: Project) -> dict[str, dict[str, Any]]:
    assert taken.state == "ingested"
    return {row["order_id"]: row for row in lake_rows(project)}


def test_no_line_is_dropped_silently(taken: FileReport) -> None:
    assert (taken.rows_read, taken.accepted, taken.duplicate, taken.quarantined) == (8, 4, 1, 3)
    assert taken.reasons == {"not_a_product": 1, "price_not_positive": 2}
    assert taken.events == 3


def test_an_invoice_is_one_order_with_its_lines(events: dict[str, dict[str, Any]]) -> None:
    order = events["536365"]
    assert order["event_type"] == "order_completed"
    assert order["amount"] == Decimal("35.6400")
    assert (order["currency"], order["country"], order["channel"]) == ("GBP", "United Kingdom", "web")
    lines = json.loads(order["properties"])["lines"]
    assert [(line["product_id"], line["quantity"], line["amount"]) for line in lines] == [
        ("85123A", 6, 15.3),
        ("71053", 6, 20.34),
    ]
    assert sum(Decimal(str(line["amount"])) for line in lines) == order["amount"]


def test_local_time_becomes_utc_with_summer_time(events: dict[str, dict[str, Any]]) -> None:
    assert events["536365"]["occurred_at"] == datetime(2011, 12, 1, 8, 26, tzinfo=UTC)
    assert events["540001"]["occurred_at"] == datetime(2011, 7, 1, 11, 30, tzinfo=UTC)


def test_a_guest_orders_without_an_identifier(events: dict[str, dict[str, Any]]) -> None:
    assert events["540001"]["identifiers"] == []
    assert events["540001"]["amount"] == Decimal("12.7500")


def test_a_customer_number_given_as_float_is_the_same_customer(events: dict[str, dict[str, Any]]) -> None:
    expected = hash_identifier(KEY.encode(), "crm_id", "17850")
    assert events["536365"]["identifiers"] == [{"type": "crm_id", "value": expected}]


def test_a_cancellation_is_a_refund_with_positive_amounts(events: dict[str, dict[str, Any]]) -> None:
    refund = events["C536379"]
    assert (refund["event_type"], refund["amount"]) == ("order_refunded", Decimal("19.8000"))
    (line,) = json.loads(refund["properties"])["lines"]
    assert (line["quantity"], line["amount"]) == (12, 19.8)
