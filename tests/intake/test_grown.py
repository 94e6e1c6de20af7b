"""A log that is appended to and taken in again says how much of it is new."""

from __future__ import annotations

from pathlib import Path

from intake.grown import FINDING
from intake.ingest import ingest
from intake.ops_store import OpsStore
from intake.project import Project
from tests.intake.scene import click, contract, lake_rows, write_jsonl


def test_a_growing_file_says_what_is_new(project: Project, tmp_path: Path, store: OpsStore) -> None:
    rows = [click(f"e{hour}", at=f"2017-05-0{hour + 1}T10:00:00Z") for hour in range(5)]
    said = []
    for count in (2, 4, 4, 5):
        (report,) = ingest(project, contract(), [write_jsonl(tmp_path / "log.jsonl", rows[:count])]).files
        said.append((report.accepted, report.findings.get(FINDING, 0), report.message.partition("log.jsonl: ")[2]))
    told = "of {} events are new, the others came with it before and count once"
    assert said == [
        (2, 0, ""),
        (4, 2, "2 " + told.format(4)),
        (0, 0, "taken in before, nothing to do"),
        (5, 4, "1 " + told.format(5)),
    ]
    assert store.findings()["clicks", FINDING] == 6
    assert {row["event_id"] for row in lake_rows(project)} == {f"e{hour}" for hour in range(5)}
    (other,) = ingest(project, contract(), [write_jsonl(tmp_path / "other.jsonl", rows[:1])]).files
    assert (other.findings.get(FINDING, 0), other.message) == (0, "")
