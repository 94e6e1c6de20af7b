"""`concierge run`, `backfill` and `publish`: words in, report out; the graph itself is tested with the pipeline."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from typer.testing import Result

from intake.project import Project
from orchestration.cli.progress import Progress
from orchestration.cli.run_command import show_report
from orchestration.locks import run_lock
from orchestration.partitions import DayRange
from orchestration.run_report import RunReport
from orchestration.stages import StageTime

Concierge = Callable[..., Result]
AS_OF = datetime(2026, 3, 1, 5, 30, tzinfo=UTC)


def test_a_report_says_what_was_done_and_what_was_not(capsys: pytest.CaptureFixture[str]) -> None:
    report = RunReport(
        "r1",
        AS_OF,
        stages=[StageTime("days", 60.0, 2_000_000_000, True), StageTime("people", 3.0, 1, True)],
        ranges=[DayRange(date(2026, 2, 1), date(2026, 2, 28))],
        skipped={"training": "the current models are less than a week old"},
        notes=["failed run 01234567: its process was gone"],
        snapshot_version="v9",
    )
    show_report(report)
    assert capsys.readouterr().out.splitlines() == [
        "failed run 01234567: its process was gone",
        "not done again: training: the current models are less than a week old",
        "done: as of 2026-03-01 05:30:00 UTC, 28 days rebuilt, models kept",
        "snapshot v9 is live; 63 s, 2.0 GB",
    ]


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--as-of", "yesterday"),
        ("backfill", "--from", "2026-02-01"),
        ("backfill", "--from", "2026-02-01", "--to", "2026-02-30"),
        ("backfill", "--from", "2026-02-02", "--to", "2026-02-01"),
        ("demo", "--as-of", "soon"),
        ("serve", "--port", "0"),
        ("dev", "--port", "70000"),
    ],
)
def test_wrong_words_are_code_2_before_anything_starts(
    concierge: Concierge, project: Project, words: tuple[str, ...]
) -> None:
    assert concierge(*words).exit_code == 2
    assert not project.paths.dagster_home.exists()


def test_the_demo_needs_the_demo_configuration(concierge: Concierge) -> None:
    result = concierge("demo")
    assert result.exit_code == 1
    assert "has no source cj_transactions" in result.stderr


def test_a_run_that_is_under_way_is_waited_for_and_then_named(
    concierge: Concierge, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.locks.PATIENCE_SECONDS", 0.1)
    with run_lock(project.paths):
        result = concierge("backfill", "--from", "2026-02-01", "--to", "2026-02-02")
    assert result.exit_code == 1
    assert "another run holds" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_progress_is_plain_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        progress.start("days")
        progress.done("days", 12.34, 1_500_000_000, "nothing new")
        progress.done("people", 0.5)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["days", "12.3", "s", "1.50", "GB", "nothing", "new"]
    assert lines[1].split() == ["people", "0.5", "s"]
