"""What nobody watched opens an alert: a run of the daemon that failed, a dbt test that did not hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetKey,
    DagsterInstance,
    Definitions,
    asset,
    build_run_status_sensor_context,
    define_asset_job,
)

from intake.ops_records import Alert
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from orchestration.dbt import open_alert
from orchestration.execution import execute
from orchestration.instance import PROCESS_TAG, open_instance
from orchestration.sensors import failed_runs
from orchestration.stages import StageClock


@asset
def hourly_table() -> None:
    """Fails."""
    raise ValueError("landing/web.jsonl: permission denied")


JOB = define_asset_job("hourly")
DEFINITIONS = Definitions(assets=[hourly_table], jobs=[JOB])


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataPaths:
    (tmp_path / "config").mkdir()
    monkeypatch.setenv("CONCIERGE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CONCIERGE_CONFIG", str(tmp_path / "config"))
    return DataPaths(tmp_path / "data")


@pytest.fixture
def instance(paths: DataPaths) -> Iterator[DagsterInstance]:
    with open_instance(paths, quiet=True) as found:
        yield found


def _alerts_after_failure(instance: DagsterInstance, paths: DataPaths, *, watched: bool) -> list[Alert]:
    done = execute(DEFINITIONS, instance, "hourly", StageClock(), tags={})
    run = instance.get_run_by_id(done.run_id)
    assert run is not None
    # `execute` is how `concierge run` starts a run; the daemon's runs carry no process tag.
    tags = {name: value for name, value in run.tags.items() if watched or name != PROCESS_TAG}
    event = next(
        record.dagster_event
        for record in instance.all_logs(run.run_id)
        if record.dagster_event and record.dagster_event.is_failure and not record.dagster_event.is_step_event
    )
    context = build_run_status_sensor_context(
        sensor_name="failed_runs", dagster_event=event, dagster_instance=instance, dagster_run=run.with_tags(tags)
    )
    failed_runs(context.for_run_failure())
    return OpsStore(paths).list_alerts()


def test_a_failed_run_of_the_daemon_opens_one_alert_a_step(instance: DagsterInstance, paths: DataPaths) -> None:
    _alerts_after_failure(instance, paths, watched=False)
    alerts = _alerts_after_failure(instance, paths, watched=False)
    assert [(item.cause, item.severity, item.count) for item in alerts] == [("run:hourly_table", "critical", 2)]
    assert "landing/web.jsonl: permission denied" in alerts[0].detail


def test_a_run_in_the_shell_reports_itself(instance: DagsterInstance, paths: DataPaths) -> None:
    assert _alerts_after_failure(instance, paths, watched=True) == []


@pytest.mark.parametrize(
    ("severity", "expected"), [(AssetCheckSeverity.ERROR, "critical"), (AssetCheckSeverity.WARN, "warning")]
)
def test_a_dbt_test_that_does_not_hold_opens_an_alert(
    paths: DataPaths, severity: AssetCheckSeverity, expected: str
) -> None:
    failed = AssetCheckResult(
        passed=False,
        asset_key=AssetKey(["marts", "fct_order"]),
        check_name="unique_fct_order_order_id",
        severity=severity,
        description="Got 3 results, configured to fail if != 0",
    )
    open_alert(failed)
    [alert] = OpsStore(paths).list_alerts()
    assert (alert.cause, alert.severity) == ("check:marts/fct_order:unique_fct_order_order_id", expected)
    assert "Got 3 results" in alert.detail
