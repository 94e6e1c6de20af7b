"""A frozen data folder of schema version 1 is opened by this version; a newer one is refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from intake.ops_database import SCHEMA_VERSION, OpsStoreError
from intake.ops_records import IdentityOverride
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from orchestration.migrate import migrate
from orchestration.warehouse import Warehouse
from orchestration.warehouse_schema import SOURCE_TABLES

FROZEN = Path(__file__).parents[1] / "data" / "schema_1"
T0 = datetime(2018, 1, 2, tzinfo=UTC)


@pytest.fixture
def paths(tmp_path: Path) -> DataPaths:
    paths = DataPaths(tmp_path)
    with closing(sqlite3.connect(paths.ops_db)) as connection:
        connection.executescript((FROZEN / "ops.sql").read_text(encoding="utf-8"))
    with duckdb.connect(str(paths.warehouse)) as connection:
        connection.execute((FROZEN / "warehouse.sql").read_text(encoding="utf-8")).fetchall()
    return paths


def test_what_people_decided_is_kept(paths: DataPaths) -> None:
    store = OpsStore(paths)
    assert store.version() == 1
    done = migrate(paths)
    assert (done.before, done.after) == (1, SCHEMA_VERSION)
    assert store.overrides() == [
        IdentityOverride(2, 9, "must_link", "ann", "same till slip", T0),
        IdentityOverride(3, 9, "cannot_link", "bob", "father and son", T0),
    ]
    (alert,) = store.list_alerts()
    assert (alert.state, alert.owner, alert.note, alert.count) == ("acknowledged", "ann", "asked the supplier", 2)
    assert store.quarantine_counts() == {("clicks", "missing_field:occurred_at"): 2}
    assert [pause.scope for pause in store.pauses()] == ["home_hero"]
    assert [change.granted for change in store.consent_changes("analytics")] == [False]
    assert len(store.visible_files()) == len(store.batches()) == len(store.runs()) == len(store.metrics()) == 1


def test_the_new_abilities_work_on_the_old_rows(paths: DataPaths) -> None:
    migrate(paths)
    store = OpsStore(paths)
    assert store.remove_override(9, 2, actor="eve", at=T0) is not None
    assert len(store.rows("select * from identity_override_removed")) == 1


def test_the_warehouse_gains_columns_and_loses_nothing(paths: DataPaths) -> None:
    done = migrate(paths)
    assert "identity.identity_edge.reason" in done.added
    warehouse = Warehouse(paths.warehouse)
    for table in SOURCE_TABLES:
        found = warehouse.frame(f"select * from {table.address}")
        assert set(table.column_names) <= set(found.columns)
    (edge,) = warehouse.rows("select edge_key, n_observed, state, reason from identity.identity_edge")
    assert edge == (77, 3, "active", None)
    assert warehouse.rows("select reason, state from identity.identity_quarantine") == [("too_many_email", "open")]
    assert warehouse.rows("select * from marts.edges") == [(77, "active")]


def test_a_second_time_there_is_nothing_to_do(paths: DataPaths) -> None:
    assert not migrate(paths).is_empty
    assert migrate(paths).is_empty


def test_a_run_brings_the_warehouse_up_to_date_by_itself(paths: DataPaths) -> None:
    warehouse = Warehouse(paths.warehouse)
    warehouse.replace({"ops.run_context": pd.DataFrame({"as_of": [pd.Timestamp("2018-01-03")]})})
    assert warehouse.rows("select reason from identity.identity_edge") == [(None,)]


def test_a_fresh_folder_needs_nothing_but_its_own_tables(tmp_path: Path) -> None:
    done = migrate(DataPaths(tmp_path / "new"))
    assert (done.before, done.after, done.added) == (0, SCHEMA_VERSION, ())


def test_a_newer_folder_is_refused_untouched(paths: DataPaths) -> None:
    with closing(sqlite3.connect(paths.ops_db)) as connection:
        connection.execute(f"pragma user_version = {SCHEMA_VERSION + 1}")
    before = paths.warehouse.read_bytes()
    with pytest.raises(OpsStoreError, match=f"schema version {SCHEMA_VERSION + 1} is newer than {SCHEMA_VERSION}"):
        migrate(paths)
    assert paths.warehouse.read_bytes() == before
