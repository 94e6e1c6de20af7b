"""Heads of CSV files as spreadsheets and reports write them, and rows that a quote mark swallows."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from intake.contract import load_contract
from intake.csv_head import column_names
from intake.event import load_event_types
from intake.inference.guess import guess_contract
from intake.inference.sample import read_sample
from intake.ingest import ingest
from intake.ops_store import OpsStore
from intake.project import Project
from intake.quarantine import read_quarantine
from intake.replay import replay
from tests.intake.scene import contract, lake_rows

HEADER = "id,type,at,product,login,note"
ROWS = "".join(f"{number},product_viewed,2017-05-01T10:00:00Z,p1,ann,fine\n" for number in range(1, 4))


@pytest.mark.parametrize(
    ("content", "changes"),
    [
        (f"sep=,\r\n{HEADER}\n{ROWS}", {}),
        (f"\n,,,,,\n{HEADER}\n{ROWS}", {}),
        (f'Report "May\nof 2017\n\n{HEADER}\n{ROWS}', {"skip_lines": 2}),
        (f"{HEADER},,\n{ROWS}".replace("fine", "fine,,"), {}),
        (f"{HEADER}\n{ROWS}".replace("\n", "\r"), {}),
        (f"{HEADER}\n{ROWS}".replace("fine", "fine,"), {}),
        (f"{HEADER}\n{ROWS}".replace("ann,fine", '"ann, Bob",'), {}),
        (f"{HEADER}\n{ROWS}".replace("note", '"a\nnote"'), {}),
        (f"{HEADER},note\n{ROWS}".replace("fine", "fine,same"), {}),
        (f"{HEADER},at\n{ROWS}".replace("fine", "fine,never"), {"optional": ["at_2"]}),
        (f"{HEADER}\n{ROWS}".replace(",", ", "), {}),
        (ROWS, {"header": HEADER.split(",")}),
        (f"Report\n{ROWS}", {"header": HEADER.split(","), "skip_lines": 1}),
    ],
    ids=[
        "sep",
        "blank",
        "title",
        "unnamed",
        "old Mac",
        "delimiter behind the rows",
        "delimiter in a cell",
        "line in header",
        "twice",
        "named",
        "blanks",
        "no header",
        "title alone",
    ],
)
def test_rows_below_any_head_are_read(
    project: Project, tmp_path: Path, content: str, changes: dict[str, object]
) -> None:
    for encoding in ("utf-8-sig", "utf-16"):
        file = tmp_path / f"clicks_{encoding}.csv"
        file.write_bytes(content.encode(encoding))
        utf_16 = {"encoding": "utf-16"} if encoding == "utf-16" else {}
        report = ingest(project, contract(format="csv", **changes, **utf_16), [file]).files[0]
        assert (report.rows_read, report.accepted + report.duplicate) == (3, 3), report.message
    assert {event["event_id"] for event in lake_rows(project)} == {"1", "2", "3"}


def test_the_number_of_a_row_counts_what_stands_above(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "clicks.csv"
    file.write_text(f"sep=,\n\n{HEADER}\n{ROWS}cut\n4,odd,2017-05-01,p1,ann,fine\n")
    report = ingest(project, contract(format="csv"), [file]).files[0]
    rows = read_quarantine(project.paths, "clicks", report.batch_id)
    assert [(row.row_number, row.reason) for row in rows] == [(7, "malformed_record"), (8, "unknown_event_type")]


def test_a_column_that_is_read_must_not_stand_there_twice_unknown(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "clicks.csv"
    file.write_text(f"{HEADER},at\n")
    report = ingest(project, contract(format="csv"), [file]).files[0]
    assert "column 'at' stands there twice; name the later one 'at_2'" in report.message


@pytest.mark.parametrize("at", ["at", "at ", " at"])
def test_blanks_around_a_name_are_none_of_it_on_either_side(project: Project, tmp_path: Path, at: str) -> None:
    """What was set aside under one spelling is read again under the other."""
    file = tmp_path / "clicks.csv"
    file.write_text(HEADER.replace("at", "at ") + f"\n{ROWS}4,odd,2017-05-01,p1,ann,fine\n")
    spelt = contract(format="csv", columns={"occurred_at": at, "product_id": "product"}, properties=["note "])
    assert ingest(project, spelt, [file]).files[0].accepted == 3
    other = {"occurred_at": "at" if at != "at" else "at ", "product_id": "product"}
    replay(project, contract(format="csv", columns=other, event_type="custom"))
    days = [event["occurred_at"].day for event in lake_rows(project)]
    assert days == [1, 1, 1, 1]
    assert '"note ":"fine"' in lake_rows(project)[0]["properties"]


def test_what_a_file_that_is_no_table_has_for_a_header_is_printed_in_short(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "clicks.csv"
    file.write_bytes(b"PAR1\x1b[31m" + bytes(900))
    message = ingest(project, contract(format="csv"), [file]).files[0].message
    assert message.isprintable()
    assert len(message.removeprefix(str(file))) < 150


def test_every_column_has_a_name_of_its_own() -> None:
    assert column_names(["a", "", "a", "a_2", "a", " "]) == ["a", "column_2", "a_3", "a_2", "a_4", "column_6"]


@pytest.mark.parametrize("place", ["p1", "fine"])
def test_lines_that_a_quote_swallows_are_set_aside_and_come_back(
    project: Project, store: OpsStore, tmp_path: Path, place: str
) -> None:
    """In the last column the rest of the file would be one cell of a sound row; before it, one broken row."""
    lines = [f"{number},product_viewed,2017-05-01T10:00:00Z,p1,ann,fine\n" for number in range(1, 9)]
    lines[2] = lines[2].replace(place, f'"27 inch {place}')
    file = tmp_path / "clicks.csv"
    file.write_text("".join([HEADER + "\n", *lines]))
    report = ingest(project, contract(format="csv"), [file]).files[0]
    assert (report.rows_read, report.accepted, report.reasons) == (8, 2, {"unclosed_quote": 6})
    rows = read_quarantine(project.paths, "clicks", report.batch_id)
    assert [row.row_number for row in rows] == [4, 5, 6, 7, 8, 9]
    replay(project, contract(format="csv", quoting=False))
    assert [event["event_id"] for event in lake_rows(project)] == [str(number) for number in range(1, 9)]


def test_text_of_several_lines_is_no_swallowed_row(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "clicks.csv"
    file.write_text(f"{HEADER}\n{ROWS}".replace("fine", '"dear, Ann\n\nbest, regards,\nBob"'))
    assert ingest(project, contract(format="csv"), [file]).files[0].accepted == 3


ORDERS = "Datum;Bestellnr;E-Mail;Artikelnr;Menge;Einzelpreis\n" + "".join(
    f"{1 + place % 28:02d}.03.2017;{1000 + place};k{place % 7}@m.example;A-{place % 5};2;1.234,50\n"
    for place in range(30)
)


@pytest.mark.parametrize(
    ("content", "quarantined"),
    [
        (f"Bestellungen;;;;;\nvom 01.04.2017\n\n{ORDERS}".encode(), 0),
        (f"sep=;\n{ORDERS}".encode("utf-16"), 0),
        (ORDERS.encode("utf-16-le"), 0),
        (f"{ORDERS}Summe;;;;60;74.070,00\n".encode(), 1),
        (ORDERS.replace("Einzelpreis\n", "Einzelpreis;Menge;\n").replace("50\n", "50;2;\n").encode(), 0),
        (ORDERS.replace("\n", "\r").encode(), 0),
        (ORDERS.replace("50\n", "50;\n").encode(), 0),
        (ORDERS.replace("11.03.2017", ORDERS.partition("01.")[0] + "11.03.2017").encode(), 1),
        (ORDERS.replace("A-3", f'"{"x" * 200_000}"').encode(), 0),
    ],
    ids=[
        "title",
        "sep in UTF-16",
        "UTF-16 without a mark",
        "total",
        "twice and unnamed",
        "old Mac",
        "ends",
        "two files",
        "long cell",
    ],
)
def test_drafts_for_exports_of_spreadsheets_read_them(
    project: Project, tmp_path: Path, content: bytes, quarantined: int
) -> None:
    file = tmp_path / "orders.csv"
    file.write_bytes(content)
    draft = project.config / "sources" / "orders.yml"
    draft.write_text(guess_contract(read_sample(file), "orders", load_event_types(project.config), date(2017, 4, 1)))
    report = ingest(project, load_contract(draft), [file]).files[0]
    assert (report.quarantined, report.accepted) == (quarantined, report.rows_read - quarantined), report.reasons
    assert {float(event["amount"]) for event in lake_rows(project)} == {2469.0}
