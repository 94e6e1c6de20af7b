"""Objectives: kept by day, breached with the slow stage named, resolved when met again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from intake.clock import FixedClock
from intake.ops_records import BatchRecord, LakeFile, RunSummary
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.project import Project
from intake.settings import Settings
from orchestration.cli.slo_command import objectives
from orchestration.model_registry import ModelCard, ModelRegistry
from orchestration.slo.finished import FinishedRun, pace_of
from orchestration.slo.record import record_levels

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
PROFILES = {"stages": {"profile_models": 12.0}}
STAGES = {"staging__stg_events": 40.0, "identity_ledger": 200.0, "published__tables": 10.0}


def project_with(tmp_path: Path, **promised: object) -> Project:
    settings = Settings.model_validate({"slo": promised})
    return Project(DataPaths(tmp_path), tmp_path / "config", settings, FixedClock(NOW))


def arrived(project: Project, source: str, hours_ago: float, *, events: int = 1) -> None:
    at = NOW - timedelta(hours=hours_ago)
    batch = BatchRecord(
        f"b{source}{hours_ago}", source, "1", "f", f"h{source}{hours_ago}", 1, 1, 0, 0, 0, events, at, at
    )
    file = LakeFile(f"{source}.parquet", source, at.date(), batch.batch_id, 1, at, at, at)
    OpsStore(project.paths).record_batch(batch, [file] if events else [], {}, [])


def test_a_slow_run_names_its_slowest_stage_and_is_over_when_the_next_is_fast(tmp_path: Path) -> None:
    project = project_with(tmp_path, hourly_run_seconds=100)
    store = OpsStore(project.paths)
    record_levels(project, FinishedRun(NOW, NOW, STAGES, "hourly"))
    (alert,) = store.list_alerts("open")
    assert "an hourly run took 250 s, at most 100 s promised" in alert.title
    assert "the slowest stage was identity_ledger with 200 s" in alert.title
    assert [(item.metric_date, item.value) for item in store.metrics("slo_hourly_run_seconds")] == [
        (date(2026, 3, 1), 250.0)
    ]
    record_levels(project, FinishedRun(NOW, NOW, {"a": 5.0}, "other"))
    assert len(store.list_alerts("open")) == 1, "a run of another pace says nothing about it"
    record_levels(project, FinishedRun(NOW, NOW, {"a": 5.0}, "hourly"))
    assert store.list_alerts("open") == []


def test_freshness_is_promised_by_source(tmp_path: Path) -> None:
    project = project_with(tmp_path, freshness_hours={"web": 2, "*": 48})
    arrived(project, "web", 3)
    arrived(project, "till", 3)
    record_levels(project, FinishedRun(NOW, NOW))
    (alert,) = OpsStore(project.paths).list_alerts()
    assert (alert.source, alert.cause) == ("web", "slo:freshness_hours:web")
    assert alert.title.startswith("web: the newest row is 3.0 h old, at most 2.0 h promised")


def test_a_source_whose_silence_is_known_is_not_told_twice(tmp_path: Path) -> None:
    project = project_with(tmp_path, freshness_hours={"web": 2})
    arrived(project, "web", 50)
    OpsStore(project.paths).open_alert("quality:silent:web", severity="critical", title="web: silent", at=NOW)
    record_levels(project, FinishedRun(NOW, NOW))
    assert [alert.cause for alert in OpsStore(project.paths).list_alerts()] == ["quality:silent:web"]


def test_lag_counts_from_the_first_batch_since_the_run_before(tmp_path: Path) -> None:
    project = project_with(tmp_path, event_to_profile_minutes=60)
    store = OpsStore(project.paths)
    before = NOW - timedelta(hours=2)
    store.record_run(RunSummary("r1", "run", before, before, before, "done", PROFILES))
    arrived(project, "old", 5)
    arrived(project, "web", 1.5)
    arrived(project, "till", 0.5)
    record_levels(project, FinishedRun(NOW, NOW, STAGES, "hourly"))
    assert [item.value for item in store.metrics("slo_event_to_profile_minutes")] == [pytest.approx(90)]
    (alert,) = store.list_alerts()
    # 90 minutes, of which the run's 250 seconds are the smallest part.
    assert "the slowest stage was waiting for a run with 5150 s" in alert.title
    assert "identity_ledger 200.0 s" in alert.detail


def test_a_run_that_made_no_profiles_ends_no_waiting(tmp_path: Path) -> None:
    project = project_with(tmp_path, event_to_profile_minutes=60)
    store = OpsStore(project.paths)
    intake, training = {"stages": {"intake__landed_files": 1.0}}, {"stages": {"models__churn": 9.0}}
    runs = [(2, "done", PROFILES), (1.4, "done", intake), (1, "failed", PROFILES), (0.5, "done", training)]
    for number, (hours, state, detail) in enumerate(runs):
        at = NOW - timedelta(hours=hours)
        store.record_run(RunSummary(f"r{number}", "run", at, at, at, state, detail))
    arrived(project, "again", 1.8, events=0)
    arrived(project, "web", 1.5)
    record_levels(project, FinishedRun(NOW, NOW, STAGES, "hourly"))
    assert [item.value for item in store.metrics("slo_event_to_profile_minutes")] == [pytest.approx(90)]


def test_what_others_measured_is_compared_and_an_old_model_named(tmp_path: Path) -> None:
    project = project_with(tmp_path, rollback_seconds=2, decision_p99_ms=5, daily_run_minutes=4, model_age_days=14)
    store, registry = OpsStore(project.paths), ModelRegistry(project.paths.models)
    store.record_metric(NOW.date(), "rollback_seconds", 5.0, at=NOW)
    store.record_metric(NOW.date(), "decision_p99_ms", 9.0, at=NOW)
    for name, days in (("churn", 3), ("value", 20)):
        at = (NOW - timedelta(days=days)).isoformat()
        registry.save(ModelCard(name, "v1", at, at, (), (), None, {}, "", "", 1), {})
    record_levels(project, FinishedRun(NOW, NOW, {**STAGES, "serving__snapshot": 20.0}, "daily"))
    said = {alert.cause: alert.title for alert in store.list_alerts()}
    assert said == {
        "slo:rollback_seconds": "the last rollback took 5.0 s, at most 2.0 s promised, 2026-03-01",
        "slo:decision_p99_ms": "99 of 100 decisions took up to 9.0 ms, at most 5.0 ms promised, 2026-03-01",
        "slo:daily_run_minutes": "a daily run took 4.5 min, at most 4.0 min promised; the slowest stage was"
        " identity_ledger with 200 s, 2026-03-01",
        "slo:model_age_days": "value, the oldest model in use, is 20.0 d old, at most 14.0 d promised, 2026-03-01",
    }
    assert {item.metric for item in store.metrics()} >= {f"slo_{cause.removeprefix('slo:')}" for cause in said}


def test_the_table_shows_breaches_first_and_what_was_never_measured(tmp_path: Path) -> None:
    project = project_with(tmp_path, hourly_run_seconds=100, freshness_hours={"web": 2})
    arrived(project, "web", 1)
    record_levels(project, FinishedRun(NOW, NOW, STAGES, "hourly"))
    rows = objectives(project.settings.slo, OpsStore(project.paths).metrics())
    states = {(row[0], row[1]): row[5] for row in rows}
    assert rows[0][:6] == ("hourly_run_seconds", None, 250.0, 100.0, "s", "breached")
    assert states["freshness_hours", "web"] == "met"
    assert states["model_age_days", None] == "not measured"


@pytest.mark.parametrize(
    ("stages", "trained", "pace"),
    [({}, False, "other"), ({"a": 1.0}, False, "hourly"), ({"serving__snapshot": 1.0}, False, "daily"),
     ({"serving__snapshot": 1.0}, True, "other")],
)  # fmt: skip
def test_the_pace_of_a_run(stages: dict[str, float], trained: bool, pace: str) -> None:
    assert pace_of(stages, trained=trained) == pace
