"""A first draft from a file in somebody else's shape loads, and reads nearly all of the file."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from intake.contract import SourceContract, load_contract
from intake.dry_run import Trial, try_out
from intake.event import load_event_types
from intake.inference.event_words import known_event
from intake.inference.guess import guess_contract
from intake.inference.numbers import number_style
from intake.inference.sample import UnreadableInputError, read_sample
from intake.inference.times import time_style
from intake.ingest import ingest
from intake.project import Project
from tests.intake.scene import lake_rows

ROWS = 120


def moment(number: int) -> datetime:
    return datetime(2017, 3, 1, 8, tzinfo=UTC) + timedelta(minutes=397 * number)


def german(amount: float) -> str:
    return f"{amount:,.2f}".replace(",", "#").replace(".", ",").replace("#", ".")


def table(header: str, rows: list[list[Any]], delimiter: str = ",", encoding: str = "utf8") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([header.split("|"), *rows])
    return text.getvalue().encode(encoding)


def lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def german_orders() -> bytes:
    header = "Bestellnummer|Bestelldatum|Uhrzeit|Kundennr|E-Mail|Artikelnr|Bezeichnung|Menge|Einzelpreis|Größe"
    rows = [
        [f"B{n // 2}", f"{moment(n // 2):%d.%m.%Y}", f"{moment(n // 2):%H:%M}", f"K{n % 9}", f"u{n % 9}@mail.example",
         f"A-{n}", "Tasse groß", 1 + n % 3, f"{german(1249.9 + n)} €", "XL"]
        for n in range(ROWS)
    ]  # fmt: skip
    return table(header, rows, ";", "cp1252")


def american_orders() -> bytes:
    rows = [
        [
            f"#{n}",
            f"{moment(n):%m/%d/%Y %I:%M %p}",
            f"{moment(n + 9):%m/%d/%Y}",
            f"u{n}@mail.example",
            f"${1234.5 + n:,.2f}",
        ]
        for n in range(ROWS)
    ]
    return gzip.compress(table("Order ID|Order Date|Ship Date|Customer Email|Total", rows))


def nested_orders() -> bytes:
    return lines([
        {
            "id": f"o{n}", "created_at": moment(n).isoformat(),
            "customer": {"id": n % 9, "email": f"u{n}@mail.example"},
            "line_items": [{"sku": "a", "quantity": 2, "price": "3.50"}, {"sku": "b", "quantity": 1, "price": "1.00"}],
            "total_price": "8.00", "currency": "EUR",
        }
        for n in range(ROWS)
    ])  # fmt: skip


def german_customers() -> bytes:
    header = "Kundennummer|Anrede|Vorname|Nachname|Straße|PLZ|Ort|E-Mail|Telefon|Geburtsdatum|Newsletter|Angelegt am"
    rows = [
        [f"K{n}", "Frau", "Anna", "Berg", "Weg 1", "10115", "Berlin", f"u{n}@mail.example",
         f"+49 30 12345{n:03}", "05.03.1980",
         "ja", f"{moment(n):%d.%m.%Y}"]
        for n in range(ROWS)
    ]  # fmt: skip
    return table(header, rows, ";")


def timeless_customers() -> bytes:
    rows = [[n, "Ann", "Berg", f"u{n}@mail.example", f"(212) 555-{n:04}", 33] for n in range(ROWS)]
    return table("CustomerID|FirstName|LastName|Email|Phone|Age", rows)


def odd_clicks() -> bytes:
    words = ["pageview", "viewItem", "addToBasket", "site-search", "purchase", "newsletterPopup"]
    return lines([
        {
            "evt": {"action": words[n % 6], "at": int(moment(n).timestamp() * 1000)}, "sess": f"s{n // 7}",
            "visitor": {"cookie": f"c-{n % 11}", "uid": None if n % 3 else f"K{n % 9}"},
            "ctx": {"url": f"https://shop.example/p/{n}", "ua": "Mozilla/5.0"},
            **({"item": {"sku": f"A-{n}"}} if n % 6 in (1, 2) else {}), **({"q": "cup"} if n % 6 == 3 else {}),
        }
        for n in range(ROWS)
    ])  # fmt: skip


def french_orders() -> bytes:
    rows = [
        [f"C-{n // 2}", f"CL{n % 9:03}", f"u{n % 9}@mail.example", f"{moment(n // 2):%d/%m/%Y %Hh%M}", f"R{n % 7}",
         1 + n % 3, f"{german(9.9 + n)} €", f"{german(19.9 + n)} €"]
        for n in range(ROWS)
    ]  # fmt: skip
    header = "N° commande|Client|Courriel|Date de commande|Référence|Qté|Prix unitaire TTC|Total ligne"
    return ("\ufeff" + table(header, rows, ";").decode()).encode()


def sales_report() -> bytes:
    rows = [
        [f"CA-{n}", f"{moment(n):%m/%d/%Y}", f"CG-{n % 9}", "Claire Gute", "Kentucky", f"FUR-{n % 5}", "Chairs",
         round(9.9 + n, 4), 1 + n % 4, 0.2, -1.5]
        for n in range(ROWS)
    ]  # fmt: skip
    header = "Order ID|Order Date|Customer ID|Customer Name|State|Product ID|Category|Sales|Quantity|Discount|Profit"
    return table(header, rows)


def orders_of_objects() -> bytes:
    return lines([
        {
            "orderId": n, "placedAt": moment(n).isoformat(),
            "shopper": {"id": f"u{n % 9}", "email": f"u{n}@mail.example"},
            "cart": {"items": [{"productCode": "P1", "count": 2, "unitPrice": {"amount": "12.50", "currency": "EUR"}}]},
            "grandTotal": {"amount": "25.00", "currency": "EUR"},
        }
        for n in range(ROWS)
    ])  # fmt: skip


def document_orders() -> bytes:
    return lines([
        {
            "_id": {"$oid": f"{n:024x}"}, "createdAt": {"$date": moment(n).isoformat()},
            "customer": {"id": n % 9, "email": f"u{n}@mail.example"},
            "cart": {"items": [{"sku": "P1", "qty": 2, "price": {"value": "12.50", "currency": "EUR"}}]},
            "total": {"value": "25.00", "currency": "EUR"},
        }
        for n in range(ROWS)
    ])  # fmt: skip


def german_refunds() -> bytes:
    rows = [
        [f"R{n:04}", f"B{n}", f"K{n % 9}", f"{moment(n):%d.%m.%Y %H:%M}", f"A-{n}", 1, f"-{german(9.9 + n)}", "defekt"]
        for n in range(ROWS)
    ]
    return table("Retoure|Bestellung|Kunde|Datum|Artikel|Stück|Erstattung|Grund", rows, ";")


def german_clicks() -> bytes:
    return lines([
        {
            "_id": f"{n:08x}", "aktion": ("produkt_gesehen", "korb", "suche")[n % 3], "agent": "Mozilla/5.0",
            "zeit": {"ms": int(moment(n).timestamp() * 1000)},
            "besucher": {"geraet": f"g{n % 11}", "konto": None if n % 4 else f"K{n % 9}"},
            "seite": {"url": f"https://shop.example/p/{n}?an=k{n}@mail.example", "verweis": None},
            **({"begriff": "tasse"} if n % 3 == 2 else {"artikel": {"nr": f"A-{n}"}}),
        }
        for n in range(ROWS)
    ])  # fmt: skip


def flat_hits() -> bytes:
    rows = [
        [f"{moment(n):%Y-%m-%d %H:%M:%S}", f"v{n % 9}", f"/p/{n % 5}",
         ("page_view", "product_view")[n % 2], f"p{n % 5}",
         "Mozilla/5.0", "203.0.113.5"]
        for n in range(ROWS)
    ]  # fmt: skip
    return table("timestamp|visitor_id|page_url|event_name|product_id|user_agent|ip_address", rows, "\t")


def parquet_orders() -> bytes:
    sink = io.BytesIO()
    columns = {
        "order_no": [f"o{n}" for n in range(ROWS)], "ordered_at": [moment(n) for n in range(ROWS)],
        "customer_id": [n % 9 for n in range(ROWS)], "amount": [1.5 * n for n in range(ROWS)],
    }  # fmt: skip
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def infer(project: Project, content: bytes, name: str = "sample") -> tuple[SourceContract, Trial]:
    file = project.paths.root.parent / name
    file.write_bytes(content)
    text = guess_contract(read_sample(file), "drafted", load_event_types(project.config), date(2018, 1, 1))
    drafted = project.sources / "drafted.yml"
    drafted.write_text(text, encoding="utf-8")
    assert text.count("# guess: ") >= 4
    return load_contract(drafted), try_out(project, load_contract(drafted), file)


@pytest.mark.parametrize(
    ("make", "kind", "types", "identifiers", "vault"),
    [
        (german_orders, "online_orders", {"order_completed": ROWS // 2}, {"email", "crm_id"}, {"E-Mail"}),
        (american_orders, "online_orders", {"order_completed": ROWS}, {"email"}, {"Customer Email"}),
        (nested_orders, "online_orders", {"order_completed": ROWS}, {"email", "crm_id"}, {"customer.email"}),
        (parquet_orders, "online_orders", {"order_completed": ROWS}, {"crm_id"}, set()),
        (german_customers, "crm", {"profile_updated": ROWS, "consent_updated": ROWS}, {"email", "phone", "crm_id"},
         {"Vorname", "Nachname", "Straße", "PLZ", "Ort", "E-Mail", "Geburtsdatum"}),
        (timeless_customers, "crm", {"profile_updated": ROWS}, {"email", "phone", "crm_id"},
         {"FirstName", "LastName", "Email"}),
        (odd_clicks, "web", {"page_viewed": 20, "product_viewed": 20, "cart_added": 20, "searched": 20, "custom": 40},
         {"login", "cookie"}, set()),
        (french_orders, "online_orders", {"order_completed": ROWS // 2}, {"email", "crm_id"}, {"Courriel"}),
        (sales_report, "online_orders", {"order_completed": ROWS}, {"crm_id"}, {"Customer Name"}),
        (orders_of_objects, "online_orders", {"order_completed": ROWS}, {"email", "crm_id"}, {"shopper.email"}),
        (document_orders, "online_orders", {"order_completed": ROWS}, {"email", "crm_id"}, {"customer.email"}),
        (german_refunds, "returns", {"order_refunded": ROWS}, {"crm_id"}, set()),
        (german_clicks, "web", {"product_viewed": 40, "cart_added": 40, "searched": 40}, {"device_id", "login"}, set()),
        (flat_hits, "web", {"page_viewed": 60, "product_viewed": 60}, {"cookie", "ip"}, set()),
    ],
)  # fmt: skip
def test_a_draft_reads_a_foreign_file(
    project: Project,
    make: Callable[[], bytes],
    kind: str,
    types: dict[str, int],
    identifiers: set[str],
    vault: set[str],
) -> None:
    drafted, trial = infer(project, make())
    report = trial.report
    assert (report.rows_read, report.accepted, dict(report.reasons)) == (ROWS, ROWS, {})
    assert drafted.kind == kind
    assert dict(trial.types) == types
    assert set(trial.identifiers) - {"none"} == identifiers
    assert set(drafted.personal_columns) == vault
    assert not project.paths.root.exists()


def test_the_numbers_and_times_of_german_orders_are_read_as_they_are_meant(project: Project) -> None:
    drafted, trial = infer(project, german_orders())
    assert (drafted.delimiter, drafted.encoding, drafted.time_zone) == (";", "cp1252", "Europe/Berlin")
    assert drafted.numbers is not None
    assert (drafted.numbers.decimal, drafted.currency) == (",", "EUR")
    assert drafted.lines is not None
    assert drafted.lines.group_by == ("Bestellnummer",)
    assert trial.first == datetime(2017, 3, 1, 7, tzinfo=UTC)


def test_money_given_back_is_positive_whichever_sign_it_comes_with(project: Project) -> None:
    drafted, trial = infer(project, german_refunds())
    assert drafted.columns["amount"].columns() == {"Erstattung"}
    assert (drafted.event_id, trial.report.reasons) == ("Retoure", {})


def test_prices_are_read_though_thousands_of_whole_quantities_stand_before_them() -> None:
    style = number_style(["1"] * 30_000 + ["49,02 EUR", "1.249,90 EUR"])
    assert style is not None
    assert (style.decimal, style.thousands) == (",", ".")


def test_groups_and_kinds_are_nobody_and_a_visitor_is_no_search(project: Project) -> None:
    rows = [{"Kundennummer": f"K{n}", "Kundengruppe": "AB"[n % 2], "E-Mail": f"k{n}@mail.example"} for n in range(ROWS)]
    drafted, _ = infer(project, lines([{**row, "Datum": "2017-03-01"} for row in rows]))
    assert {entry.column for entry in drafted.identifiers} == {"Kundennummer", "E-Mail"}
    hits = [
        {"zeit": f"{moment(n)}", "aktion": "suche", "besucher": f"v{n % 9}", "suchwort": "tasse", "url": f"/p/{n}"}
        for n in range(ROWS)
    ]
    drafted, _ = infer(project, lines(hits))
    assert {entry.column: entry.type for entry in drafted.identifiers} == {"besucher": "cookie"}
    assert drafted.columns["query"].column == "suchwort"


def test_consent_in_another_language_is_mapped(project: Project) -> None:
    rows = [
        [f"K{n}", f"u{n}@mail.example", "Köln", f"{moment(n):%d.%m.%Y}", ("ja", "nein", "")[n % 3]] for n in range(90)
    ]
    drafted, trial = infer(project, table("Kd-Nr|E-Mail|Ort|angelegt am|Newsletter", rows))
    assert drafted.consents["marketing_email"].map == {"ja": "granted", "nein": "refused"}
    assert trial.types == {"profile_updated": 90, "consent_updated": 60}


def test_what_a_line_costs_is_read_from_its_own_columns(project: Project) -> None:
    for make, read in ((french_orders, {"Total ligne"}), (sales_report, {"Sales"})):
        drafted, _ = infer(project, make())
        assert drafted.lines is not None
        assert drafted.lines.fields["amount"].columns() == read
    drafted, _ = infer(project, orders_of_objects())
    assert drafted.lines is not None
    assert drafted.lines.fields["amount"].columns() == {"count", "unitPrice.amount"}


def test_a_total_that_each_row_of_an_order_repeats_counts_once(project: Project) -> None:
    rows = [
        [f"O{n // 2}", f"{moment(n // 2):%Y-%m-%d}", "a@mail.example", f"S-{n % 7}", 10 + n // 2] for n in range(60)
    ]
    drafted, _ = infer(project, table("order_no|date|email|sku|order_total", rows))
    assert drafted.lines is not None
    assert drafted.lines.once == ("amount",)
    ingest(project, drafted, [project.paths.root.parent / "sample"])
    assert sorted(int(event["amount"]) for event in lake_rows(project)) == list(range(10, 40))


@pytest.mark.parametrize("nothing", ["NA", "NULL", "\\N", "-"])
def test_words_for_nothing_among_numbers_and_times_cost_their_own_rows(project: Project, nothing: str) -> None:
    """A file of orders was taken for one of customers, in which most rows were duplicates."""
    rows = [
        [f"O{n}", f"{moment(n):%d.%m.%Y}", f"k{n % 7}@mail.example", f"S-{n}", n % 3 + 1, "1.50"] for n in range(60)
    ]
    rows[3][5], rows[9][5], rows[20][1] = nothing, nothing, nothing
    _, trial = infer(project, table("order_no|date|email|sku|quantity|price", rows))
    assert trial.report.reasons == {"invalid_number:amount": 2, "invalid_timestamp:occurred_at": 1}
    assert trial.report.accepted == 57


@pytest.mark.parametrize("article", ["StockCode", "Foo"])
def test_rows_of_one_order_are_its_lines_whatever_the_article_is_called(project: Project, article: str) -> None:
    """An order number that stands in several rows made of all but the first duplicates of it."""
    rows = [[f"I{n // 3}", f"{moment(n // 3):%Y-%m-%d}", f"c{n // 3}", f"A-{n}", 2, "1.50"] for n in range(60)]
    _, trial = infer(project, table(f"InvoiceNo|InvoiceDate|CustomerID|{article}|Quantity|UnitPrice", rows))
    assert (trial.report.accepted, trial.report.duplicate, trial.report.events) == (60, 0, 20)


def test_lines_of_which_nothing_is_understood_are_drafted_and_read(project: Project) -> None:
    rows = [{"order_no": f"o{n}", "at": moment(n).isoformat(), "email": "a@mail.example",
             "total": 5, "parts": [{"x": "y"}, {}]} for n in range(40)]  # fmt: skip
    drafted, trial = infer(project, lines(rows))
    assert drafted.lines is not None
    assert (drafted.lines.fields, trial.report.accepted) == ({}, 40)


def test_points_and_units_in_names_of_line_columns(project: Project) -> None:
    item = {"Art. No.": "A-1", "Qty.": 2, "Unit Price": "2.50"}
    rows = [{"Order ID": n, "Placed At": moment(n).isoformat(), "items": [item], "Total": 5} for n in range(40)]
    drafted, _ = infer(project, lines(rows))
    assert drafted.lines is not None
    fields = {name: sorted(term.columns()) for name, term in drafted.lines.fields.items()}
    assert fields == {"product_id": ["Art. No."], "quantity": ["Qty."], "amount": ["Qty.", "Unit Price"]}


def test_a_time_that_cannot_be_read_is_named_and_not_made_up(project: Project) -> None:
    rows = [[f"o{n}", f"le {n % 28 + 1} mars", f"u{n % 9}@mail.example", 5 + n] for n in range(60)]
    drafted, trial = infer(project, table("order_no|order_date|email|total", rows))
    assert drafted.columns["occurred_at"].column == "order_date"
    assert trial.report.reasons == {"invalid_timestamp:occurred_at": 60}


def test_parts_of_names_and_addresses_are_personal_whatever_they_are_called(project: Project) -> None:
    person = {
        "name": {"first": "Ann", "last": "Lee", "suffix": "Jr"},
        "address": {"line1": "1 High St", "town": "Leeds"},
    }
    rows = [
        {"memberNumber": f"M{n}", "email": f"a{n}@mail.example", "joined": "2020-05-01", **person} for n in range(60)
    ]
    drafted, _ = infer(project, lines(rows))
    parts = {"name.first", "name.last", "name.suffix", "address.line1", "address.town"}
    assert parts <= set(drafted.personal_columns)
    assert drafted.traits == ()


def test_sensitive_columns_are_marked(project: Project) -> None:
    assert infer(project, german_customers())[0].sensitive == ("Anrede",)
    assert infer(project, timeless_customers())[0].sensitive == ("Age",)


@pytest.mark.parametrize(
    ("words", "pattern", "unit"),
    [
        (["2017-03-01T10:00:00Z", "2017-03-02"], None, "s"), ([1493632800], None, "s"),
        (["1493632800123"], "epoch", "ms"),
        (["13/02/2017"], "%d/%m/%Y", "s"), (["02/13/2017 04:05 PM"], "%m/%d/%Y %I:%M %p", "s"),
        (["20170213"], "%Y%m%d", "s"), (["Mon, 13 Feb 2017 10:00:00 +0100"], "%a, %d %b %Y %H:%M:%S %z", "s"),
        (["13.02.17 10:00"], "%d.%m.%y %H:%M", "s"), (["43252,4375", "43253"], "excel", "s"), ([43252.5], "excel", "s"),
    ],
)  # fmt: skip
def test_notations_of_time(words: list[Any], pattern: str | None, unit: str) -> None:
    style = time_style(words * 3)
    assert style is not None
    assert (style.pattern, style.unit) == (pattern, unit)


@pytest.mark.parametrize("words", [["apples", "pears"], ["A-1", "B-2"], [True, False], [3, 4], ["10115", "20095"], []])
def test_what_is_no_time(words: list[Any]) -> None:
    assert time_style(words) is None


def test_days_and_months_that_both_fit_are_told(project: Project) -> None:
    style = time_style(["03/04/2017", "05/06/2017"])
    assert style is not None
    assert (style.pattern, style.rival) == ("%d/%m/%Y", "%m/%d/%Y")


@pytest.mark.parametrize(
    ("word", "kind"),
    [("Product Viewed", "product_viewed"), ("addToCart", "cart_added"), ("remove_from_basket", "cart_removed"),
     ("PAGE_VIEW", "page_viewed"), ("begin_checkout", "checkout_started"), ("Bestellung", "order_completed"),
     ("wheel spun", "custom")],
)  # fmt: skip
def test_names_of_events(word: str, kind: str) -> None:
    assert known_event(word) == kind


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "no rows in it"), (b"[\n{}\n]", "one object a line"), (b"one\ntwo\n", "two or more columns"),
     (b"{]\n", "no line of it")],
)  # fmt: skip
def test_files_of_which_nothing_can_be_guessed(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "a"
    file.write_bytes(content)
    with pytest.raises(UnreadableInputError, match=message):
        read_sample(file)
