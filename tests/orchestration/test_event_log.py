"""A batch of events is stored as the same events one by one are."""

from pathlib import Path

import pytest
from dagster import (
    AssetExecutionContext,
    AssetKey,
    DagsterEventType,
    DagsterInstance,
    DailyPartitionsDefinition,
    EventRecordsFilter,
    asset,
    materialize,
)

from orchestration.event_log import BatchingSqliteEventLogStorage
from orchestration.partitions import RANGE_END_TAG, RANGE_START_TAG

DAYS = [f"2017-01-{day:02d}" for day in range(1, 11)]
SETTINGS = """
telemetry: {{enabled: false}}
event_log_storage:
  module: orchestration.event_log
  class: BatchingSqliteEventLogStorage
  config: {{base_dir: "{folder}"}}
"""


@asset(partitions_def=DailyPartitionsDefinition("2017-01-01"))
def days_of_sales(context: AssetExecutionContext) -> None:
    assert len(context.partition_keys) == len(DAYS)


def materialize_ten_days(home: Path, monkeypatch: pytest.MonkeyPatch, together: int) -> DagsterInstance:
    home.mkdir()
    (home / "dagster.yaml").write_text(SETTINGS.format(folder=home / "event_log"))
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", str(together))
    instance = DagsterInstance.from_config(str(home))
    assert isinstance(instance.event_log_storage, BatchingSqliteEventLogStorage)
    materialize([days_of_sales], instance=instance, tags={RANGE_START_TAG: DAYS[0], RANGE_END_TAG: DAYS[-1]})
    return instance


def partitions(instance: DagsterInstance, kind: DagsterEventType) -> tuple[list[str | None], list[str | None]]:
    """In the order of storage: in the index of all runs, and in the run's own log."""
    records = instance.event_log_storage.get_event_records(EventRecordsFilter(kind, asset_key=days_of_sales.key))
    run_id = records[0].event_log_entry.run_id
    in_run = [log.dagster_event.partition for log in instance.all_logs(run_id, of_type=kind) if log.dagster_event]
    return [record.partition_key for record in records], in_run


def test_every_partition_has_its_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = (DagsterEventType.ASSET_MATERIALIZATION, DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
    found = {}
    for name, together in (("singly", 0), ("together", 7)):
        with materialize_ten_days(tmp_path / name, monkeypatch, together) as instance:
            found[name] = [partitions(instance, kind) for kind in kinds]
    assert found["singly"] == found["together"]
    assert all(sorted(map(str, in_run)) == DAYS for _, in_run in found["together"])


def test_an_asset_knows_its_latest_materialization(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with materialize_ten_days(tmp_path / "home", monkeypatch, 4) as instance:
        latest = instance.get_latest_materialization_event(AssetKey("days_of_sales"))
        assert latest is not None
        assert latest.dagster_event is not None
        assert latest.dagster_event.partition == DAYS[-1]
        assert instance.get_materialized_partitions(AssetKey("days_of_sales")) == set(DAYS)
