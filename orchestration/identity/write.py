"""Into the ledger's tables: only rows that differ from what stands there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import duckdb
import pandas as pd

from orchestration.warehouse import naive_utc
from orchestration.warehouse_schema import SourceTable, source_table

TOUCHED: Final = "(select identifier_key from touched)"
PEOPLE: Final = "(select printf('c%015x', identifier_key) from touched)"
# Which rows of a table say something about touched identifiers.
ABOUT_TOUCHED: Final = {
    "identifier": f"identifier_key in {TOUCHED}",
    "identity_edge": f"a_key in {TOUCHED}",
    "canonical": f"anchor_key in {TOUCHED}",
    "identity_assignment": f"identifier_key in {TOUCHED}",
    "identity_event": f"survivor_id in {PEOPLE} or other_id in {PEOPLE}",
    "identity_quarantine": f"identifier_key in {TOUCHED}",
}


@dataclass(frozen=True)
class Written:
    """Rows of one table that a run took out and put in."""

    deleted: int
    inserted: int


def stage(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, pd.DataFrame]) -> None:
    """Compare `tables` with the standing rows about the identifiers in `touched`, into `stale_` and `fresh_` tables.

    Outside a transaction: of a temporary table that the same transaction filled with more than one row group
    (122,880 rows), DuckDB 2.0 answers `except` and `distinct` with nothing.
    """
    for name in ABOUT_TOUCHED:
        _stage_one(connection, name, tables[name])


def _stage_one(connection: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame) -> None:
    table = source_table(f"identity.{name}")
    columns = _columns(table)
    _receive(connection, table, columns, frame)
    standing = f"select {columns} from {table.address} where {ABOUT_TOUCHED[name]}"
    resolved = f"select {columns} from incoming"
    for kind, rows in (("stale", f"{standing} except {resolved}"), ("fresh", f"{resolved} except {standing}")):
        connection.execute(f"create or replace temporary table {kind}_{name} as {rows}").fetchall()


def write_staged(connection: duckdb.DuckDBPyConnection) -> dict[str, Written]:
    """Take the stale rows out and put the fresh ones in, inside the caller's transaction."""
    return {name: _write_one(connection, name) for name in ABOUT_TOUCHED}


def _write_one(connection: duckdb.DuckDBPyConnection, name: str) -> Written:
    table = source_table(f"identity.{name}")
    columns = _columns(table)
    same = " and ".join(f'kept."{column}" is not distinct from stale."{column}"' for column in table.column_names)
    remove = f"delete from {table.address} as kept using stale_{name} as stale where {same}"
    deleted = connection.execute(remove).fetchall()
    add = f"insert into {table.address} ({columns}) select {columns} from fresh_{name}"
    inserted = connection.execute(add).fetchall()
    return Written(int(deleted[0][0]), int(inserted[0][0]))


def _columns(table: SourceTable) -> str:
    return ", ".join(f'"{column}"' for column in table.column_names)


def _receive(connection: duckdb.DuckDBPyConnection, table: SourceTable, columns: str, frame: pd.DataFrame) -> None:
    """The frame as a temporary table `incoming` with the types of its table."""
    connection.execute(f"create or replace temporary table incoming as from {table.address} limit 0").fetchall()
    if frame.empty:
        return
    connection.register("resolved_frame", naive_utc(frame[list(table.column_names)]))
    connection.execute(f"insert into incoming ({columns}) select {columns} from resolved_frame").fetchall()
    connection.unregister("resolved_frame")
