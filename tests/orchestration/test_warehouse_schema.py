"""The source tables exist, stay, and have the keys they claim."""

from __future__ import annotations

import duckdb
import pytest

from orchestration.warehouse_schema import SOURCE_TABLES, SourceTable, create_source_tables, source_table


def test_every_source_table_is_created_with_its_columns_in_order() -> None:
    with duckdb.connect() as connection:
        create_source_tables(connection)
        for table in SOURCE_TABLES:
            described = connection.execute(f"DESCRIBE {table.address}").fetchall()
            assert tuple((row[0], row[1]) for row in described) == table.columns


def test_creating_again_keeps_rows() -> None:
    with duckdb.connect() as connection:
        create_source_tables(connection)
        connection.execute("INSERT INTO ops.run_context VALUES (TIMESTAMP '2018-01-02')")
        create_source_tables(connection)
        assert connection.execute("SELECT count(*) FROM ops.run_context").fetchall() == [(1,)]


@pytest.mark.parametrize("table", SOURCE_TABLES, ids=lambda table: str(table.address))
def test_keys_are_columns(table: SourceTable) -> None:
    assert table.key
    assert set(table.key) <= set(table.column_names)


def test_an_unknown_table_is_named_with_the_known_ones() -> None:
    assert source_table("ops.cutoff").key == ("as_of", "horizon_days")
    with pytest.raises(KeyError, match=r"ops\.cut; known: .*ops\.cutoff|'ops\.cut'"):
        source_table("ops.cut")
