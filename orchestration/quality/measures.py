"""Reads the measures of the watch from the warehouse."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pandas as pd

from ml.watch.bounds import Bounds
from ml.watch.watch import Measures
from orchestration.quality import measure_sql
from orchestration.quality.measure_sql import WATCHED_COLUMNS
from orchestration.warehouse import Warehouse

# Before the comparison window, so that its own days have weeks before them too.
LEAD_DAYS = 21


def read_measures(warehouse: Warehouse, as_of: datetime, bounds: Bounds, watch_days: int, time_zone: str) -> Measures:
    """Counts by source and day over the comparison window before `as_of`."""
    first = str((as_of - timedelta(days=bounds.history_days + watch_days + LEAD_DAYS)).date())

    def frame(sql: Callable[[str, str], str]) -> pd.DataFrame:
        return _dated(warehouse.frame(sql(first, time_zone)))

    counted = [_empty(frame(measure_sql.empty_fields_sql)), frame(measure_sql.copies_sql)]
    shares = pd.concat([*counted, frame(measure_sql.orphans_sql)], ignore_index=True)
    return Measures(frame(measure_sql.days_sql), frame(measure_sql.spreads_sql), shares)


def _dated(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(event_date=pd.to_datetime(rows["event_date"]).dt.date)


def _empty(rows: pd.DataFrame) -> pd.DataFrame:
    columns = ["source", "event_date", "event_type", "total"]
    long = rows.melt(columns, [*WATCHED_COLUMNS, "identifiers"], "column", "bad")
    return long.assign(measure="empty:" + long["event_type"].astype(str) + ":" + long["column"].astype(str))[
        ["source", "event_date", "measure", "bad", "total"]
    ]


def no_measures() -> Measures:
    """Nothing counted: the frames with their columns and no row."""
    keys = ["source", "event_date"]
    return Measures(
        pd.DataFrame(columns=[*keys, "events", "lag_hours"]),
        pd.DataFrame(columns=[*keys, "dimension", "value", "events"]),
        pd.DataFrame(columns=[*keys, "measure", "bad", "total"]),
    )
