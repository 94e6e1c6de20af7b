"""A failed run is one alert, until its step succeeds; one that a check blocked has the check's."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from intake.clock import FixedClock
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.project import Project
from intake.settings import Settings
from orchestration.after_run import after_run
from orchestration.alerts import check_failed, check_holds, run_failed, steps_succeeded
from orchestration.slo.finished import FinishedRun

NOW = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(DataPaths(tmp_path), tmp_path / "config", Settings(), FixedClock(NOW))


def test_a_failed_run_counts_and_is_over_when_its_step_succeeds(project: Project) -> None:
    for _ in range(2):
        run_failed(project, "identity_ledger", "disk full")
    run_failed(project, "scores", "no model")
    alerts = {alert.cause: alert for alert in OpsStore(project.paths).list_alerts()}
    assert alerts["run:identity_ledger"].count == 2
    assert alerts["run:identity_ledger"].title == "run failed in identity_ledger on 2026-03-02"
    assert steps_succeeded(project, ["identity_ledger", "other"]) == ["identity_ledger"]
    assert [alert.cause for alert in OpsStore(project.paths).standing_alerts()] == ["run:scores"]


def test_a_blocked_run_is_told_by_its_check_alone(project: Project) -> None:
    check_failed(project, "ops/lake_file", "conservation_at_intake", "1 of 2 batches lose rows", severity="critical")
    assert run_failed(project, "x", "1 blocking asset check failed with ERROR severity: ops/lake_file") is None
    (alert,) = OpsStore(project.paths).standing_alerts()
    assert alert.cause == "check:ops/lake_file:conservation_at_intake"
    assert check_holds(project, "ops/lake_file", "conservation_at_intake")
    assert not check_holds(project, "ops/lake_file", "conservation_at_intake")


def test_a_step_that_went_through_is_well_though_a_later_one_failed(project: Project) -> None:
    run_failed(project, "training", "out of memory")
    run_failed(project, "snapshot", "disk full")
    run = FinishedRun(NOW, NOW, {"training": 3.0, "snapshot": 1.0}, failed_steps=frozenset({"snapshot"}))
    after_run(project, run, succeeded=False)
    assert [alert.cause for alert in OpsStore(project.paths).standing_alerts("run:")] == ["run:snapshot"]
    after_run(project, FinishedRun(NOW, NOW, {"snapshot": 1.0}), succeeded=False)
    assert [alert.cause for alert in OpsStore(project.paths).standing_alerts("run:")] == ["run:snapshot"]
