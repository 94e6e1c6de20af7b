"""Numbers in another notation are read as what they mean, or not at all."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.contract_faults import NumberStyle
from intake.ingest import ingest
from intake.number_style import plain_number
from intake.project import Project
from tests.intake.scene import contract, lake_rows, write_jsonl

GERMAN = NumberStyle(decimal=",", thousands=".")
STYLES = [GERMAN, NumberStyle(thousands=","), NumberStyle(decimal=",", thousands=" "), NumberStyle(decimal=",")]


@given(st.decimals(-(10**9), 10**9, places=2), st.sampled_from(STYLES), st.sampled_from(["{}", "{} €", "EUR {}"]))
def test_every_amount_comes_back(amount: Decimal, style: NumberStyle, frame: str) -> None:
    written = f"{amount:,.2f}".replace(",", "#").replace(".", style.decimal).replace("#", style.thousands)
    assert Decimal(plain_number(frame.format(written), style)) == amount


@pytest.mark.parametrize(
    ("word", "number"),
    [("(10,50)", "-10.50"), ("(1 234,50 €)", "-1234.50"), ("\u221210,50", "-10.50"), ("1\u00a0234,50", "1234.50"),
     ("1\u202f234\u202f567,5 kr", "1234567.5"), ("- 5", "-5")],
)  # fmt: skip
def test_brackets_and_blanks_as_books_and_spreadsheets_write_them(word: str, number: str) -> None:
    for blank in (" ", "\u00a0"):
        assert plain_number(word, NumberStyle(decimal=",", thousands=blank)) == number


@pytest.mark.parametrize(
    "word", ["(-5)", "(5-)", "()", "(5", "12.50", "1.23", "1,2,3", "1.234.5", "abc", "", "-", "1,234.50"]
)
def test_what_is_no_number_in_this_notation_is_none(word: str) -> None:
    with pytest.raises(ValueError, match="could not convert"):
        float(plain_number(word, GERMAN))


def test_a_file_of_orders_from_a_german_till(project: Project, tmp_path: Path) -> None:
    source = contract(
        format="csv", delimiter=";", encoding="latin1", event_type="order_completed", event_id=None,
        natural_key=["Beleg"], time_format="%d.%m.%Y %H:%M", time_zone="Europe/Berlin",
        columns={"occurred_at": "Datum", "order_id": "Beleg"}, numbers={"decimal": ",", "thousands": "."},
        lines={"group_by": ["Beleg"], "fields": {"quantity": "Menge", "amount": {"multiply": ["Menge", "Preis"]}}},
        identifiers=[],
    )  # fmt: skip
    file = tmp_path / "a.csv"
    lines = ["Beleg;Datum;Menge;Preis", "B1;03.05.2017 10:00;2;1.049,50 €", "B1;03.05.2017 10:00;1;0,99 €"]
    file.write_bytes("\n".join([*lines, "B2;03.05.2017 11:00;1;12.50"]).replace("€", "EUR").encode("latin1"))
    report = ingest(project, source, [file]).files[0]
    assert report.reasons == {"invalid_number:amount": 1}
    (row,) = lake_rows(project)
    assert row["amount"] == Decimal("2099.99")
    assert row["occurred_at"].hour == 8


def test_nested_lines_are_read_alike(project: Project, tmp_path: Path) -> None:
    source = contract(
        event_type="order_completed", columns={"occurred_at": "at", "order_id": "id"}, identifiers=[],
        numbers={"decimal": ","}, lines={"nested": "items", "fields": {"amount": "price"}},
    )  # fmt: skip
    rows = [{"id": "o", "at": "2017-05-01T10:00:00Z", "items": [{"price": "1,50"}, {"price": "2,5"}, {"price": "3"}]}]
    ingest(project, source, [write_jsonl(tmp_path / "a.jsonl", rows)])
    assert lake_rows(project)[0]["amount"] == Decimal("7.00")
