"""Daily figures of learning: what a day has no more goes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from intake.clock import FixedClock
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.project import Project
from intake.settings import Settings
from orchestration.learning.measures import record_measures
from orchestration.warehouse import Warehouse
from tests.orchestration.month import empty_warehouse

AT = datetime(2026, 10, 25, 12, tzinfo=UTC)


def test_a_figure_that_a_day_has_no_more_goes(tmp_path: Path) -> None:
    project = Project(DataPaths(tmp_path), tmp_path, Settings(), FixedClock(AT))
    empty_warehouse.make(project.paths.warehouse)
    ops, warehouse = OpsStore(project.paths), Warehouse(project.paths.warehouse)
    ops.record_metrics(AT.date(), [("other", "", 1.0)], at=AT)
    ops.record_metrics(date(2026, 10, 22), [("outcomes_not_credited", "too old to be measured again", 1.0)], at=AT)
    with duckdb.connect(str(project.paths.warehouse)) as connection:
        for day in (24, 25):
            connection.execute(
                "insert into ml.attribution by name select 'click:p' as outcome_id, 'click' as kind, 'none' as rule,"
                f" 'unknown_exposure' as reason, timestamp '2026-10-{day} 10:00:00' as occurred_at"
            ).fetchall()
    record_measures(project, warehouse, AT.date())
    kept = {(item.metric_date.day, item.metric) for item in ops.metrics()}
    assert kept == {(22, "outcomes_not_credited"), (24, "outcomes_not_credited"), (25, "outcomes_not_credited"),
                    (25, "other")}  # fmt: skip
    with duckdb.connect(str(project.paths.warehouse)) as connection:
        connection.execute("delete from ml.attribution where occurred_at >= date '2026-10-25'").fetchall()
    record_measures(project, warehouse, AT.date())
    assert {(item.metric_date.day, item.metric) for item in ops.metrics()} == kept - {(25, "outcomes_not_credited")}
