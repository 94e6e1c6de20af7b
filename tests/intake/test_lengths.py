"""Text that is too long is set aside with the field's name, and everything else of the file comes in."""

from __future__ import annotations

from pathlib import Path

from intake.ingest import ingest
from intake.lengths import LONGEST_PROPERTIES, LONGEST_TEXT
from intake.project import Project
from tests.intake.scene import click, contract, lake_rows, write_jsonl


def test_a_cell_of_megabytes_is_set_aside(project: Project, tmp_path: Path) -> None:
    rows = [
        click("a", product="p" * LONGEST_TEXT),
        click("b", product="p" * (LONGEST_TEXT + 1)),
        click("c", product="x" * 5_000_000),
        click("d", name="n" * 10_000),
        click("e", remark="r" * 10_000),
        click("f", remark="r" * LONGEST_PROPERTIES),
        click("g" * 10_000),
        click("h", product="\u00fc" * LONGEST_TEXT),
    ]
    words = contract(personal_data=["name"], properties="rest")
    (report,) = ingest(project, words, [write_jsonl(tmp_path / "a.jsonl", rows)]).files
    assert report.reasons == {
        "too_long:product_id": 3, "too_long:name": 1, "too_long:properties": 1, "too_long:event_id": 1
    }  # fmt: skip
    assert [row["event_id"] for row in lake_rows(project)] == ["a", "e"]


def test_half_a_metre_is_a_quantity(project: Project, tmp_path: Path) -> None:
    told = ["2.5", 0.125, "3", 2.0004, "2.1239"]
    rows = [click(str(place), sold=sold) for place, sold in enumerate(told)]
    words = contract(columns={"occurred_at": "at", "product_id": "product", "quantity": "sold"})
    assert ingest(project, words, [write_jsonl(tmp_path / "a.jsonl", rows)]).files[0].quarantined == 0
    assert [str(row["quantity"]) for row in lake_rows(project)] == ["2.500", "0.125", "3.000", "2.000", "2.124"]
