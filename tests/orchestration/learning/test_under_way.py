"""A look that is cut off is healed by the next; looks that fail destroy nothing."""

from __future__ import annotations

import duckdb
import pytest

from orchestration.learning.under_way import KEPT, whole_look
from orchestration.warehouse_schema import create_source_tables


def look(connection: duckdb.DuckDBPyConnection, found: list[bool]) -> None:
    with whole_look(connection) as torn:
        found.append(torn)
        raise RuntimeError("poison")


def test_looks_that_fail_again_and_again_leave_what_was_learned() -> None:
    with duckdb.connect() as connection:
        create_source_tables(connection)
        for table in KEPT:
            width = len(connection.execute(f"describe ml.{table}").fetchall())
            connection.execute(f"insert into ml.{table} values ({', '.join(['null'] * width)})").fetchall()
        found: list[bool] = []
        for _ in range(3):
            with pytest.raises(RuntimeError, match="poison"):
                look(connection, found)
        assert found == [False, True, True]
        for table in KEPT:
            held = connection.execute(f"select count(*) from ml.{table} where columns(*) is null").fetchall()
            assert held == [(1,)], table
        with whole_look(connection) as torn:
            assert torn
            assert connection.execute("select count(*) from ml.attribution").fetchall() == [(0,)], "learned anew"
        with whole_look(connection) as torn:
            assert not torn
