"""The tables that Python writes, brought to the columns that this program knows."""

from __future__ import annotations

import duckdb

from orchestration.warehouse_schema import SOURCE_TABLES, create_source_tables

_COLUMNS = "SELECT table_schema || '.' || table_name, column_name FROM information_schema.columns"


def bring_up_to_date(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Create what is missing: tables empty, columns null in the rows that are there; nothing is ever dropped.

    Returns:
        The addresses of tables and columns that were added, e.g. `identity.identity_edge.reason`.
    """
    before = _columns(connection)
    if any(table.address not in before for table in SOURCE_TABLES):
        create_source_tables(connection)
    added = []
    for table in SOURCE_TABLES:
        known = before.get(table.address)
        if known is None:
            added.append(table.address)
            continue
        for name, sql_type in table.columns:
            if name not in known:
                connection.execute(f'ALTER TABLE {table.address} ADD COLUMN "{name}" {sql_type}').fetchall()
                added.append(f"{table.address}.{name}")
    return added


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for address, column in connection.execute(_COLUMNS).fetchall():
        found.setdefault(str(address), set()).add(str(column))
    return found
