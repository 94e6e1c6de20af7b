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


def write_touched(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, pd.DataFrame]) -> dict[str, Written]:
    """Make the rows about the identifiers in `touched` equal `tables`, inside the caller's transaction."""
    return {name: _write_one(connection, name, tables[name]) for name in ABOUT_TOUCHED}


def _write_one(connection: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame) -> Written:
    table = source_table(f"identity.{name}")
    columns = ", ".join(f'"{column}"' for column in table.column_names)
    _receive(connection, table, columns, frame)
    standing = f"select {columns} from {table.address} where {ABOUT_TOUCHED[name]}"
    resolved = f"select {columns} from incoming"
    connection.execute(f"create or replace temporary table stale as {standing} except {resolved}").fetchall()
    connection.execute(f"create or replace temporary table fresh as {resolved} except {standing}").fetchall()
    same = " and ".join(f'kept."{column}" is not distinct from stale."{column}"' for column in table.column_names)
    deleted = connection.execute(f"delete from {table.address} as kept using stale where {same}").fetchall()
    inserted = connection.execute(f"insert into {table.address} ({columns}) select {columns} from fresh").fetchall()
    return Written(int(deleted[0][0]), int(inserted[0][0]))


def _receive(connection: duckdb.DuckDBPyConnection, table: SourceTable, columns: str, frame: pd.DataFrame) -> None:
    """The frame as a temporary table `incoming` with the types of its table."""
    connection.execute(f"create or replace temporary table incoming as from {table.address} limit 0").fetchall()
    if frame.empty:
        return
    connection.register("resolved_frame", naive_utc(frame[list(table.column_names)]))
    connection.execute(f"insert into incoming ({columns}) select {columns} from resolved_frame").fetchall()
    connection.unregister("resolved_frame")
