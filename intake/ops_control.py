"""Run summaries and daily metrics."""

from __future__ import annotations

import json
from datetime import date, datetime

from intake.ops_database import OpsDatabase
from intake.ops_records import Metric, RunSummary, from_text, to_text


class ControlRoom(OpsDatabase):
    """What people and runs write down about the running of the shop."""

    def record_run(self, run: RunSummary) -> None:
        """Write a run down, or replace what was written of it."""
        finished = to_text(run.finished_at) if run.finished_at else None
        detail = json.dumps(dict(run.detail), default=str)
        values = (run.run_id, run.kind, to_text(run.as_of), to_text(run.started_at), finished, run.state, detail)
        with self.transaction() as connection:
            connection.execute("insert or replace into run_summary values (?, ?, ?, ?, ?, ?, ?)", values)

    def runs(self, kind: str | None = None) -> list[RunSummary]:
        """Runs, newest first."""
        rows = self.rows("select * from run_summary where ? is null or kind = ? order by started_at desc", kind, kind)
        return [
            RunSummary(
                row["run_id"],
                row["kind"],
                from_text(row["as_of"]),
                from_text(row["started_at"]),
                from_text(row["finished_at"]) if row["finished_at"] else None,
                row["state"],
                json.loads(row["detail"]),
            )
            for row in rows
        ]

    def record_metric(self, metric_date: date, metric: str, value: float, *, at: datetime, dimension: str = "") -> None:
        """Write one figure of one day; the last one written counts."""
        values = (metric_date.isoformat(), metric, dimension, float(value), to_text(at))
        with self.transaction() as connection:
            connection.execute("insert or replace into metric_daily values (?, ?, ?, ?, ?)", values)

    def metrics(self, metric: str | None = None) -> list[Metric]:
        """Daily figures in order of date, metric and dimension."""
        rows = self.rows(
            "select * from metric_daily where ? is null or metric = ? order by metric_date, metric, dimension",
            metric,
            metric,
        )
        return [
            Metric(
                date.fromisoformat(row["metric_date"]),
                row["metric"],
                row["dimension"],
                row["value"],
                from_text(row["recorded_at"]),
            )
            for row in rows
        ]
