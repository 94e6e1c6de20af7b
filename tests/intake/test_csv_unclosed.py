"""Quote marks that nothing closes in files longer than a block."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake import csv_unclosed, reader_csv
from intake.csv_unclosed import left_open
from intake.ingest import ingest
from intake.project import Project
from intake.quarantine import read_quarantine
from tests.intake.scene import contract, lake_rows

HEADER = "id,type,at,product,login,note\n"


@settings(deadline=None, max_examples=200)
@given(st.text('a,;"\n', max_size=14))
def test_a_quote_is_open_where_the_csv_module_says_so(text: str) -> None:
    """Behind an open one, another row is part of the same cell; else it is a row."""
    rows = list(csv.reader(io.StringIO(text + "\nz;z;z;z", newline=""), delimiter=";"))
    is_open = False
    for line in text.encode().splitlines(keepends=True):
        is_open = left_open(line, b";", is_open=is_open)
    assert is_open == (rows[-1] != ["z"] * 4)


@pytest.mark.parametrize("encoding", ["utf8", "utf-16"])
def test_a_quote_that_nothing_closes_costs_its_own_line(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    """At the start, and later among rows of several lines and broken ones; each keeps its number."""
    monkeypatch.setattr(reader_csv, "_BLOCK_BYTES", 4096)
    monkeypatch.setattr(csv_unclosed, "LONGEST_CELL", 2048)
    rows = [f"{number},product_viewed,2017-05-01T10:00:00Z,p1,ann,fine\n" for number in range(2, 1000)]
    for place in (0, 500):
        rows[place] = rows[place].replace("p1", '"p1')
    rows[300] = rows[300].replace("fine", '"fine, ""indeed"",\nthat is"')
    rows[301], rows[700] = "cut\n", "cut,too\n"
    file = tmp_path / "clicks.csv"
    file.write_text("".join([HEADER, *rows]), encoding=encoding)
    report = ingest(project, contract(format="csv", encoding=encoding), [file]).files[0]
    assert report.reasons == {"unclosed_quote": 2, "malformed_record": 2}
    assert (report.rows_read, report.accepted) == (998, 994)
    aside = sorted(row.row_number for row in read_quarantine(project.paths, "clicks", report.batch_id))
    assert aside == [2, 303, 502, 702]
    kept = {int(event["event_id"]) for event in lake_rows(project)}
    assert kept == set(range(2, 1000)) - set(aside)


def test_a_row_longer_than_a_block_is_told(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_csv, "_BLOCK_BYTES", 1 << 20)
    file = tmp_path / "clicks.csv"
    file.write_text(f"{HEADER}2,product_viewed,2017-05-01,p1,ann,fine\n3,custom,2017-05-01,p1,ann,{'x' * (3 << 20)}\n")
    message = ingest(project, contract(format="csv"), [file]).files[0].message
    assert message == f"{file}: row 3 or one behind it is longer than 1 MiB"
