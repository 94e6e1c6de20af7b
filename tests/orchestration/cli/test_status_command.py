"""`concierge status`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from typer.testing import Result

from intake.ops_records import BatchRecord, LakeFile, RunSummary
from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.cli.status_command import age

Concierge = Callable[..., Result]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("gap", "text"),
    [
        (timedelta(seconds=0), "0 s ago"),
        (timedelta(seconds=119), "119 s ago"),
        (timedelta(seconds=120), "2 min ago"),
        (timedelta(hours=47), "47 h ago"),
        (timedelta(days=2), "2 d ago"),
        (timedelta(seconds=-5), "0 s ago"),
    ],
)
def test_ages_keep_two_of_their_unit(gap: timedelta, text: str) -> None:
    assert age(NOW - gap, NOW) == text


def test_a_new_project_says_what_is_missing_and_how_to_get_it(concierge: Concierge) -> None:
    shown = concierge("status").stdout
    assert "never; run: concierge ingest" in shown
    assert "never; run: concierge run" in shown
    assert "none live" in shown


def test_what_happened_is_shown(concierge: Concierge, project: Project) -> None:
    store, at = OpsStore(project.paths), project.clock.now() - timedelta(hours=3)
    batch = BatchRecord("b1", "web", "1", "clicks.csv", "h", 1200, 1200, 0, 0, 0, 1200, at, at)
    store.record_batch(batch, [LakeFile("lake/x.parquet", "web", date(2026, 2, 1), "b1", 1200, at, at, at)])
    store.record_run(RunSummary("0123456789ab", "daily", at, at, at, "failed"))
    store.open_alert("x", severity="critical", title="x", at=at)
    store.set_pause("all", reason="wrong prices", actor="ana", at=at)
    shown = concierge("status").stdout
    for part in (
        "web clicks.csv, 1,200 accepted, 3 h ago",
        "daily 01234567, failed",
        "1 days changed since",
        "1 open, 0 acknowledged",
        "all (wrong prices)",
    ):
        assert part in shown
