"""Clocks that go wrong: put right where the contract says how, named where it does not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from intake.contract import SourceContract
from intake.ingest import ingest
from intake.ops_store import OpsStore
from intake.project import Project
from intake.quarantine import read_quarantine
from tests.intake.scene import click, contract, lake_rows, write_jsonl

ARRIVED = datetime(2017, 5, 1, 12, tzinfo=UTC)
PHONE = contract(arrival={"column": "received"}, clock={"sent_at": "sent"})
TILL = contract(arrival={"column": "received"})


def sent(event_id: str, skew_hours: float, age_seconds: int = 90, **changes: Any) -> dict[str, Any]:
    """An event that happened `age_seconds` before it was sent, on a clock that is `skew_hours` ahead."""
    sending = ARRIVED + timedelta(hours=skew_hours)
    times = {"at": sending - timedelta(seconds=age_seconds), "sent": sending, "received": ARRIVED}
    return click(event_id, **{name: moment.isoformat() for name, moment in times.items()} | changes)


@pytest.mark.parametrize("skew", [-9000, -1.5, 0.25, 40_000])
def test_a_senders_clock_is_put_right_by_its_time_of_sending(project: Project, tmp_path: Path, skew: float) -> None:
    report = ingest(project, PHONE, [write_jsonl(tmp_path / "a.jsonl", [sent("a", skew), sent("b", 0)])]).files[0]
    assert (report.accepted, report.findings) == (2, {"clock_corrected": 1})
    wrong, right = lake_rows(project)
    assert wrong["occurred_at"] == right["occurred_at"] == ARRIVED - timedelta(seconds=90)
    said = datetime.fromisoformat(json.loads(wrong["properties"])["original_occurred_at"])
    assert said == wrong["occurred_at"] + timedelta(hours=skew)
    assert "original_occurred_at" not in right["properties"]


def test_a_row_that_does_not_say_when_it_was_sent_stays_as_it_is(project: Project, tmp_path: Path) -> None:
    rows = [sent("a", 0, sent=None), sent("b", 0, sent="soon"), sent("c", 5, received=None)]
    report = ingest(project, PHONE, [write_jsonl(tmp_path / "a.jsonl", rows)]).files[0]
    assert report.reasons == {"invalid_timestamp:sent_at": 1}
    assert report.findings == {}
    assert lake_rows(project)[0]["occurred_at"] == ARRIVED - timedelta(seconds=90)


def test_skew_needs_to_know_the_arrival() -> None:
    with pytest.raises(ValueError, match=r"clock\.sent_at: needs arrival"):
        contract(clock={"sent_at": "sent"})
    with pytest.raises(ValueError, match="exactly one of sent_at, hours_ahead"):
        contract(arrival={"column": "received"}, clock={"sent_at": "sent", "hours_ahead": 2})


def wrong_zone(count: int, hours: float = 2) -> list[dict[str, Any]]:
    rows = []
    for number in range(count):
        arrived = ARRIVED + timedelta(minutes=7 * number)
        happened = arrived - timedelta(seconds=10 * number) + timedelta(hours=hours)
        rows.append(click(f"z{number}", at=happened.isoformat(), received=arrived.isoformat()))
    return rows


def take(project: Project, source: SourceContract, rows: list[dict[str, Any]], file: Path) -> dict[str, int]:
    return dict(ingest(project, source, [write_jsonl(file, rows)]).files[0].reasons)


@pytest.mark.parametrize("hours", [1, 2, 5.5, 9])
def test_a_clock_in_another_zone_is_named_with_its_offset(project: Project, tmp_path: Path, hours: float) -> None:
    rows = [click("fine", received="2017-05-01T10:00:01Z"), *wrong_zone(9, hours)]
    rows.append(click("far", at="2090-01-01T00:00:00Z", received="2017-05-01T10:00:00Z"))
    rows.append(click("lone", at="2017-05-01T10:40:00Z", received="2017-05-01T10:00:00Z"))
    reason = f"wrong_zone:+{hours:g}h"
    assert take(project, TILL, rows, tmp_path / "a.jsonl") == {reason: 9, "future_timestamp": 2}
    store = OpsStore(project.paths)
    (alert,) = [alert for alert in store.list_alerts("open") if "wrong_zone" in alert.cause]
    assert alert.source == "clicks"
    assert f"{hours:g} hours ahead" in alert.title
    assert alert.sample == ({"reason": reason, "rows": 9},)
    quarantined = read_quarantine(project.paths, "clicks", store.batches()[0].batch_id)
    assert sum(row.reason == reason for row in quarantined) == 9


def test_a_contract_may_put_the_zone_right(project: Project, tmp_path: Path) -> None:
    told = contract(arrival={"column": "received"}, clock={"hours_ahead": 2})
    report = ingest(project, told, [write_jsonl(tmp_path / "a.jsonl", wrong_zone(6))]).files[0]
    assert (report.accepted, report.findings) == (6, {"clock_corrected": 6})
    assert max(row["occurred_at"] for row in lake_rows(project)) < ARRIVED + timedelta(hours=1)
    assert OpsStore(project.paths).list_alerts("open") == []


@pytest.mark.parametrize("hours", [0.5, 2, 5])
def test_a_clock_that_is_behind_is_counted_and_told(project: Project, tmp_path: Path, hours: float) -> None:
    fine = [click(f"f{n}", at=f"2017-05-01T10:{n:02}:00Z", received=f"2017-05-01T10:{n:02}:09Z") for n in range(30)]
    report = ingest(project, TILL, [write_jsonl(tmp_path / "a.jsonl", [*fine, *wrong_zone(12, -hours)])]).files[0]
    assert (report.accepted, report.findings) == (42, {f"wrong_zone:-{hours:g}h": 12})
    (alert,) = OpsStore(project.paths).list_alerts("open")
    assert f"{hours:g} hours behind their arrival" in alert.title
    assert alert.sample == ({"reason": f"wrong_zone:-{hours:g}h", "rows": 12},)
    assert f"hours_ahead: -{hours:g}" in alert.detail


def test_late_rows_are_no_clock_that_is_behind(project: Project, tmp_path: Path) -> None:
    scattered = [row for n in range(40) for row in wrong_zone(1, -0.2 * n)]
    few = wrong_zone(9, -2)
    nightly = [click(f"n{n}", at=f"2017-04-{n + 1:02}T22:00:00Z", received=f"2017-04-{n + 2:02}T00:00:30Z")
               for n in range(20)]  # fmt: skip
    for name, rows in {"scattered": scattered, "few": few, "nightly": nightly}.items():
        numbered = [{**row, "id": f"{name}{number}"} for number, row in enumerate(rows)]
        report = ingest(project, TILL, [write_jsonl(tmp_path / f"{name}.jsonl", numbered)]).files[0]
        assert (report.accepted, report.findings) == (len(rows), {})
    assert OpsStore(project.paths).list_alerts("open") == []


def test_the_alert_ends_with_a_file_that_is_right(project: Project, tmp_path: Path) -> None:
    assert take(project, TILL, wrong_zone(6), tmp_path / "a.jsonl") == {"wrong_zone:+2h": 6}
    assert len(OpsStore(project.paths).list_alerts("open")) == 1
    # A file of which nothing could be read says nothing of the clock.
    take(project, TILL, [click("bad", at="soon", received="2017-05-01T10:00:01Z")], tmp_path / "bad.jsonl")
    assert "wrong_zone" in {alert.cause.split(":")[1] for alert in OpsStore(project.paths).list_alerts("open")}
    take(project, TILL, [click("b", received="2017-05-01T10:00:01Z")], tmp_path / "b.jsonl")
    assert OpsStore(project.paths).list_alerts("open") == []


def test_a_few_rows_or_scattered_ones_are_no_zone(project: Project, tmp_path: Path) -> None:
    assert take(project, TILL, wrong_zone(4), tmp_path / "a.jsonl") == {"future_timestamp": 4}
    scattered = [row for hours in (0.3, 1.2, 2.8, 3.3, 4.2, 6.7) for row in wrong_zone(1, hours)]
    rows = [{**row, "id": f"s{number}"} for number, row in enumerate(scattered)]
    assert take(project, TILL, rows, tmp_path / "b.jsonl") == {"future_timestamp": 6}
