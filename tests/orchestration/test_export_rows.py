"""A large table that is published again row by row says what one written as a whole would say."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from intake.clock import WallClock
from intake.paths import DataPaths
from intake.project import Project
from intake.settings import Settings
from orchestration import export, export_rows
from orchestration.export import publish_tables
from orchestration.export_contents import read_contents, table_contents
from orchestration.warehouse import Warehouse

TABLE = "marts.fct_order"
ROWS = 5_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Published once."""
    folder = tmp_path_factory.mktemp("made")
    found = at(folder)
    Warehouse(found.paths.warehouse).prepare()
    change(found, "create schema marts")
    change(found, f"create table {TABLE} as select n as order_id, n * 1.5 as amount from range({ROWS}) as numbers(n)")
    publish_tables(found, "v0")
    return folder


@pytest.fixture
def project(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy of it, with a table that counts as large."""
    monkeypatch.setattr(export_rows, "LARGE_ROWS", 1_000)
    shutil.copytree(made, tmp_path, symlinks=True, dirs_exist_ok=True)
    return at(tmp_path)


def at(folder: Path) -> Project:
    return Project(DataPaths(folder), folder / "config", Settings(), WallClock())


def change(project: Project, *statements: str) -> None:
    with Warehouse(project.paths.warehouse).connect() as connection:
        for statement in statements:
            connection.execute(statement).fetchall()


def published(project: Project) -> list[tuple[object, ...]]:
    file = (project.paths.published / "current").resolve() / "concierge.duckdb"
    with duckdb.connect(str(file), read_only=True) as connection:
        return sorted(connection.execute(f"from {TABLE}").fetchall())


@pytest.mark.parametrize(
    "statements",
    [
        [f"delete from {TABLE} where order_id % 3 = 0"],
        [f"update {TABLE} set amount = amount + 1 where order_id < 700"],
        [f"delete from {TABLE} where order_id = 4", f"insert into {TABLE} values ({ROWS}, 7), ({ROWS + 1}, 7)"],
        [f"insert into {TABLE} select 5, 7.5 from range(3)"],
        [f"alter table {TABLE} add column currency varchar default 'USD'"],
        [f"delete from {TABLE} where order_id > 10"],
    ],
    ids=["gone", "other", "new and gone", "twice", "another column", "small now"],
)
def test_rows_follow_the_warehouse(project: Project, statements: list[str]) -> None:
    change(project, *statements)
    done = publish_tables(project, "v1", only_changes=True)
    warehouse = Warehouse(project.paths.warehouse)
    assert published(project) == sorted(warehouse.rows(f"from {TABLE}"))
    assert read_contents(done.folder) == table_contents(warehouse)
    assert (done.folder / f"{TABLE}.parquet").exists()


@pytest.mark.parametrize(
    ("statements", "compared"),
    [
        ([], "touched"),
        (["insert into marts.fct_visit values ('c9', date '2018-01-01', 10000)"], "all"),
        (["update marts.fct_visit set pages = 8 where customer_id = 'c999'"], "all"),
        (["insert into marts.fct_visit values (null, date '2018-01-02', 9)"], "touched"),
    ],
    ids=["touched alone", "another's is new", "another's differs", "a rebuilt day's"],
)
def test_rows_of_touched_customers_and_days_are_enough_where_the_others_stand(
    project: Project, monkeypatch: pytest.MonkeyPatch, statements: list[str], compared: str
) -> None:
    change(
        project,
        "create table marts.fct_visit as select 'c' || n % 1500 as customer_id, date '2018-01-01' as session_date,"
        f" n as pages from range({ROWS}) as numbers(n)",
    )
    publish_tables(project, "v1", only_changes=True)
    change(
        project,
        "insert into refresh.customer values ('c1'), ('c2'), ('c7000')",
        "insert into refresh.day values (date '2018-01-02')",
        "delete from marts.fct_visit where customer_id = 'c1' and pages > 1501",
        "update marts.fct_visit set pages = 0 where customer_id = 'c2'",
        "insert into marts.fct_visit values ('c7000', date '2018-01-01', 1), ('c9', date '2018-01-02', 1)",
        *statements,
    )
    answers: list[str] = []

    def told(connection: duckdb.DuckDBPyConnection, address: str, known: str, said: str) -> export_rows.Compared:
        by = export_rows.renew(connection, address, known, said)
        answers.append(by)
        return by

    monkeypatch.setattr(export, "renew", told)
    done = publish_tables(project, "v2", only_changes=True)
    assert answers == [compared]
    warehouse = Warehouse(project.paths.warehouse)
    file = str(done.folder / "concierge.duckdb")
    with duckdb.connect(file, read_only=True) as connection:
        found = connection.execute("from marts.fct_visit order by all").fetchall()
    assert found == warehouse.rows("from marts.fct_visit order by all")
    assert read_contents(done.folder) == table_contents(warehouse)


def test_one_of_two_equal_rows_may_go(project: Project) -> None:
    change(project, f"insert into {TABLE} select 5, 7.5 from range(3)")
    publish_tables(project, "v1", only_changes=True)
    change(project, f"delete from {TABLE} where order_id = 5", f"insert into {TABLE} values (5, 7.5)")
    publish_tables(project, "v2", only_changes=True)
    assert len(published(project)) == ROWS


def test_a_view_is_published_as_a_whole(project: Project) -> None:
    change(project, f"create view marts.cheap as select * from {TABLE} where amount < 6000")
    publish_tables(project, "v1", only_changes=True)
    change(project, f"delete from {TABLE} where order_id = 1")
    done = publish_tables(project, "v2", only_changes=True)
    assert done.rows["marts.cheap"] == 3_999
    assert read_contents(done.folder) == table_contents(Warehouse(project.paths.warehouse))


def test_a_refusal_leaves_the_parquet_file_at_once(project: Project) -> None:
    change(
        project,
        f"create table marts.dim_customer as select 'c' || n as customer_id from range({ROWS}) as numbers(n)",
        "create table marts.customer_consent as select customer_id, true as is_tracked, true as is_profiled"
        " from marts.dim_customer",
    )
    before = publish_tables(project, "v1").folder
    change(
        project,
        "delete from marts.dim_customer where customer_id = 'c7'",
        "update marts.customer_consent set is_tracked = false where customer_id = 'c7'",
    )
    done = publish_tables(project, "v2", only_changes=True).folder
    counts = [
        duckdb.sql(f"select count(*) from '{folder}/marts.dim_customer.parquet'").fetchall()
        for folder in (before, done)
    ]
    assert counts == [[(ROWS,)], [(ROWS - 1,)]], "who reads the version before keeps what it says"


def test_the_parquet_file_follows_with_the_next_whole_export(project: Project) -> None:
    change(project, f"delete from {TABLE} where order_id < 100")
    publish_tables(project, "v1", only_changes=True)
    folder = project.paths.published / "current"
    count = f"select count(*) from read_parquet('{folder.resolve()}/{TABLE}.parquet')"
    assert duckdb.sql(count).fetchall() == [(ROWS,)]
    publish_tables(project, "v2")
    count = f"select count(*) from read_parquet('{folder.resolve()}/{TABLE}.parquet')"
    assert duckdb.sql(count).fetchall() == [(ROWS - 100,)]
