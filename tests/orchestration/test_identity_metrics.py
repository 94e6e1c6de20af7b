"""Measures of the ledger: kept by day, written again only when they changed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from intake.ops_store import OpsStore
from intake.paths import DataPaths
from orchestration.identity_metrics import KEPT_DAYS, keep, match_rates, measures, sizes, state
from orchestration.warehouse import Warehouse

TODAY, AT = date(2017, 3, 1), datetime(2017, 3, 1, 2, 30, tzinfo=UTC)
ROWS = [
    ("2017-03-01", "profiles_by_size", "11+", 3),
    ("2017-03-01", "profiles_by_size", "1", 40),
    ("2017-03-01", "profiles", "", 43),
    ("2017-02-28", "match_rate", "web", 0.8),
    ("2017-02-28", "identity_merge", "", 5),
    ("2017-01-25", "match_rate", "web", 0.7),
]


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    found = Warehouse(tmp_path / "w.duckdb")
    with found.connect() as connection:
        connection.execute("create schema marts").fetchall()
        connection.execute(
            "create table marts.identity_metric_daily (metric_date date, metric text, dimension text,"
            " value decimal(18, 6))"
        ).fetchall()
        connection.executemany("insert into marts.identity_metric_daily values (?, ?, ?, ?)", ROWS)
        connection.execute(
            "create table marts.match_rate_daily as select 'web' as source, date '2017-02-28' as event_date,"
            " 10 as events, 8 as matched, 2 as sessions, cast(0.8 as decimal(18, 6)) as match_rate"
        ).fetchall()
    return found


def test_recent_measures_are_kept_and_only_changes_are_written_again(tmp_path: Path, warehouse: Warehouse) -> None:
    ops = OpsStore(DataPaths(tmp_path / "data"))
    found = measures(warehouse)
    assert keep(ops, found, today=TODAY, at=AT) == 5
    assert min(item.metric_date for item in ops.metrics()) == date(2017, 2, 28)
    assert (TODAY - date(2017, 1, 25)).days == KEPT_DAYS
    assert keep(ops, found, today=TODAY, at=AT) == 0
    found.loc[found["metric"] == "identity_merge", "value"] = 6.0
    assert keep(ops, found, today=TODAY, at=AT) == 1
    assert [item.value for item in ops.metrics("identity_merge")] == [6.0]


def test_the_state_is_what_describes_the_whole_ledger(warehouse: Warehouse) -> None:
    now = state(measures(warehouse))
    assert now.to_numpy().tolist() == [
        ["profiles", "", 43.0],
        ["profiles_by_size", "1", 40.0],
        ["profiles_by_size", "11+", 3.0],
    ]


def test_sizes_come_smallest_first_and_empty_classes_are_zero(warehouse: Warehouse) -> None:
    found = measures(warehouse)
    assert list(sizes(found).items()) == [("1", 40.0), ("2-3", 0.0), ("4-10", 0.0), ("11+", 3.0)]
    assert sizes(found.head(0)) == {}


def test_match_rates_are_plain_numbers(warehouse: Warehouse) -> None:
    rates = match_rates(warehouse)
    assert rates["match_rate"].tolist() == [0.8]
    assert pd.api.types.is_float_dtype(rates["match_rate"])
