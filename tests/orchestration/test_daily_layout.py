"""Daily tables of another program are dropped and all their days touched; those of this one stay."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from intake.ops_records import BatchRecord, LakeFile
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from orchestration.daily_layout import LAYOUT, is_outdated, layout_hash, renew_daily_tables
from orchestration.environment import dbt_project_dir
from orchestration.warehouse import Warehouse

NOON = datetime(2017, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def ops(tmp_path: Path) -> OpsStore:
    store = OpsStore(DataPaths(tmp_path))
    files = [
        LakeFile(
            f"lake/events/event_date=2017-01-0{day}/till-1.parquet",
            "till",
            date(2017, 1, day),
            "b",
            3,
            NOON,
            NOON,
            NOON,
        )
        for day in (4, 5)
    ]
    store.record_batch(BatchRecord("b", "till", "1", "f", "h", 6, 6, 0, 0, 0, 6, NOON, NOON), files)
    with store.transaction() as connection:
        connection.execute("update touched_day set consumed_run_id = 'run'")
    return store


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """With a daily table, a table behind it and the ledger's own."""
    made = Warehouse(tmp_path / "warehouse.duckdb")
    made.prepare()
    with made.connect() as connection:
        for address in ("staging.stg_events", "marts.fct_order"):
            connection.execute(f"create schema if not exists {address.partition('.')[0]}").fetchall()
            connection.execute(f"create table {address} as select 1 as old").fetchall()
        connection.execute("create schema intermediate").fetchall()
        connection.execute("create view intermediate.int_events as select * from staging.stg_events").fetchall()
        connection.execute("create table intermediate.int_event_sessions as select 1 as former").fetchall()
    return made


def test_tables_of_another_layout_go_and_their_days_are_built_again(ops: OpsStore, warehouse: Warehouse) -> None:
    warehouse.replace({LAYOUT: pd.DataFrame({"layout": ["of last year"]})})
    assert is_outdated(warehouse)
    assert renew_daily_tables(ops, warehouse)
    assert not warehouse.has_table("staging.stg_events")
    assert not warehouse.has_table("intermediate.int_events")
    assert not warehouse.has_table("intermediate.int_event_sessions")
    assert warehouse.has_table("marts.fct_order")
    assert {item.event_date for item in ops.touches()} == {date(2017, 1, 4), date(2017, 1, 5)}


def test_tables_without_a_note_were_made_before_there_was_one(ops: OpsStore, warehouse: Warehouse) -> None:
    assert renew_daily_tables(ops, warehouse)
    assert not warehouse.has_table("staging.stg_events")


def test_the_present_layout_is_left_alone(ops: OpsStore, warehouse: Warehouse) -> None:
    warehouse.replace({LAYOUT: pd.DataFrame({"layout": [layout_hash(dbt_project_dir())]})})
    assert not is_outdated(warehouse)
    assert not renew_daily_tables(ops, warehouse)
    assert warehouse.has_table("staging.stg_events")
    assert ops.touches() == []


def test_a_fresh_folder_has_nothing_to_renew(ops: OpsStore, tmp_path: Path) -> None:
    fresh = Warehouse(tmp_path / "fresh.duckdb")
    assert not is_outdated(fresh)
    assert not renew_daily_tables(ops, fresh)
    assert ops.touches() == []
    assert not renew_daily_tables(ops, fresh)


@pytest.mark.parametrize(
    ("file", "counts"),
    [
        ("models/staging/stg_events.sql", True),
        ("models/intermediate/daily/int_sessions.sql", True),
        ("macros/identifiers.sql", True),
        ("dbt_project.yml", True),
        ("macros/features/visible_rows.sql", False),
        ("models/marts/fct_order.sql", False),
    ],
)
def test_what_defines_daily_tables(tmp_path: Path, file: str, counts: bool) -> None:
    copy = tmp_path / "dbt"
    shutil.copytree(dbt_project_dir(), copy, ignore=shutil.ignore_patterns("target", "logs"))
    before = layout_hash(copy)
    (copy / file).write_text((copy / file).read_text() + "\n-- edited\n")
    assert (layout_hash(copy) != before) is counts
