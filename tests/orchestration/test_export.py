"""Published tables: complete before they are linked, and pruned behind readers' backs without hurting them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pytest

from intake.clock import WallClock
from intake.paths import DataPaths
from intake.project import Project
from intake.settings import Settings
from orchestration.export import KEEP_VERSIONS, publish_tables, versions
from orchestration.warehouse import Warehouse


@pytest.fixture
def project(tmp_path: Path) -> Project:
    found = Project(DataPaths(tmp_path), tmp_path / "config", Settings(), WallClock())
    warehouse = Warehouse(found.paths.warehouse)
    warehouse.prepare()
    with warehouse.connect() as connection:
        connection.execute("create schema marts").fetchall()
        connection.execute("create table marts.fct_order as select range as order_id from range(5)").fetchall()
        connection.execute("create view marts.total as select count(*) as n from marts.fct_order").fetchall()
        connection.execute("create schema staging").fetchall()
        connection.execute("create table staging.stg_events (a int)").fetchall()
    return found


def _current(project: Project) -> Path:
    return project.paths.published / "current"


def test_public_schemas_are_exported_twice_over(project: Project) -> None:
    done = publish_tables(project, "v1")
    assert done.rows["marts.fct_order"] == 5
    assert "identity.identity_event" in done.rows
    assert "identity.evidence_seen" not in done.rows
    with duckdb.connect(str(_current(project) / "concierge.duckdb"), read_only=True) as connection:
        assert connection.execute(
            "select sum(order_id), (select n from marts.total) from marts.fct_order"
        ).fetchall() == [(10, 5)]
    parquet = pd.read_parquet(_current(project) / "marts.fct_order.parquet")
    assert parquet["order_id"].tolist() == [0, 1, 2, 3, 4]


def test_private_tables_stay_private(project: Project) -> None:
    rows = publish_tables(project, "v1").rows
    assert not [address for address in rows if address.startswith(("staging.", "ml."))]
    assert "ops.lake_file" not in rows
    assert "ops.alert" in rows


def test_an_open_reader_survives_the_next_exports(project: Project) -> None:
    publish_tables(project, "v1")
    file = (_current(project) / "concierge.duckdb").resolve()
    with duckdb.connect(str(file), read_only=True) as reader:
        for number in range(2, 2 + KEEP_VERSIONS):
            publish_tables(project, f"v{number}")
        assert reader.execute("select count(*) from marts.fct_order").fetchall() == [(5,)]


def test_old_versions_are_pruned_and_a_torn_export_is_swept(project: Project) -> None:
    (project.paths.published / ".torn.partial").mkdir(parents=True)
    for number in range(6):
        publish_tables(project, f"v{number}")
    assert [item.name for item in versions(project.paths.published)] == ["v3", "v4", "v5"]
    assert _current(project).readlink().name == "v5"
    assert not list(project.paths.published.glob(".*"))


def test_a_version_is_never_rewritten(project: Project) -> None:
    assert publish_tables(project, "v1").version == "v1"
    assert publish_tables(project, "v1").version == "v1.1"


def test_a_failing_export_leaves_the_link_alone(project: Project) -> None:
    publish_tables(project, "v1")
    with Warehouse(project.paths.warehouse).connect() as connection:
        connection.execute("create view marts.broken as select cast('x' as integer) as n").fetchall()
    with pytest.raises(duckdb.Error, match="Could not convert"):
        publish_tables(project, "v2")
    assert _current(project).readlink().name == "v1"
    assert [item.name for item in versions(project.paths.published)] == ["v1"]


def test_what_says_nothing_new_is_not_published_again(project: Project) -> None:
    publish_tables(project, "v1", only_changes=True)
    run(project, "insert into ops.run_context values (timestamp '2018-01-02')")
    assert publish_tables(project, "v2", only_changes=True).version == "v1"


def test_tables_that_stayed_are_taken_over_and_changed_ones_are_new(project: Project) -> None:
    run(project, "create table marts.gone as select 1 as a")
    publish_tables(project, "v1")
    run(project, "update marts.fct_order set order_id = 9 where order_id = 4")
    run(project, "drop table marts.gone")
    run(project, "create table marts.new as select 2 as a")
    done = publish_tables(project, "v2", only_changes=True)
    assert done.rows["marts.fct_order"] == 5
    assert "marts.gone" not in done.rows
    with duckdb.connect(str(_current(project) / "concierge.duckdb"), read_only=True) as connection:
        assert connection.execute(
            "select sum(order_id), (select n from marts.total) from marts.fct_order"
        ).fetchall() == [(15, 5)]
        assert connection.execute("select a from marts.new").fetchall() == [(2,)]
        tables = {row[0] for row in connection.execute("select table_name from information_schema.tables").fetchall()}
        assert "gone" not in tables
    folders = [project.paths.published / name for name in ("v1", "v2")]
    kept = [(folder / "identity.canonical.parquet").stat().st_ino for folder in folders]
    assert kept[0] == kept[1]
    assert sorted(pd.read_parquet(folders[1] / "marts.fct_order.parquet")["order_id"]) == [0, 1, 2, 3, 9]
    assert sorted(pd.read_parquet(folders[0] / "marts.fct_order.parquet")["order_id"]) == [0, 1, 2, 3, 4]
    assert not (folders[1] / "marts.gone.parquet").exists()


def run(project: Project, sql: str) -> None:
    with Warehouse(project.paths.warehouse).connect() as connection:
        connection.execute(sql).fetchall()
