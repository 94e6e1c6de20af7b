"""Bring a large published table up to date by the rows that differ, so that an hour costs what is new in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import duckdb

Compared = Literal["touched", "all", "not"]
# Up to here a table is written again as a whole, in less time than its rows would be compared.
LARGE_ROWS: Final = 100_000
IS_VIEW: Final = "select 1 from duckdb_views() where schema_name = ? and view_name = ? and not internal"
# What stands in the published table afterwards of the rows looked at: those that both have, and the new ones.
STANDING: Final = """
    select count(*), coalesce(sum(said), 0) from (
        select said from published_row where said in (select said from fresh_row)
        union all
        select said from fresh_row where said not in (select said from published_row)
    ) as standing
"""
SEEN: Final = "select count(*), coalesce(sum(said), 0) from published_row"
# By column, the table that names what an hourly run looked at: rows that name none of it are mostly as they were.
TOUCHED: Final = {
    **dict.fromkeys(("customer_id", "canonical_id", "survivor_id", "other_id"), ("customer", "customer_id")),
    **dict.fromkeys(("identifier_key", "a_key", "b_key"), ("identifier", "identifier_key")),
    "session_date": ("day", "event_date"),
}
COLUMNS: Final = """
    select table_schema || '.' || table_name, column_name from information_schema.columns
    where table_catalog = current_database() and (table_schema = 'refresh' or (table_schema = ? and table_name = ?))
"""


def renewable(known: Mapping[str, str], contents: Mapping[str, str]) -> list[str]:
    """Tables that changed, are large and have the columns that they had; a content is `rows:sum:columns`."""
    return [
        address
        for address, said in contents.items()
        if address in known and said != known[address] and _large(said) and _large(known[address])
        if said.rpartition(":")[2] == known[address].rpartition(":")[2]
    ]


def renew(connection: duckdb.DuckDBPyConnection, address: str, known: str, said: str) -> Compared:
    """Take out of `export.<address>` the rows that are gone and put in those that are new.

    Rows are told apart by their hashes: those of touched customers, identifiers and days alone where the others are as
    they were, else all; the answer says which. It is `not` when neither gives the content `said` (a row that stood
    there twice and now stands there once), and of a view, whose rows have no place: then the table is to be written as
    a whole.

    Args:
        connection: the warehouse, with the published file attached as `export`.
        address: `schema.table`.
        known: its content in the published file, as it was noted.
        said: its content in the warehouse.
    """
    schema, _, table = address.partition(".")
    if connection.execute(IS_VIEW, [schema, table]).fetchall():
        return "not"
    catalog = str(connection.execute("select current_database()").fetchall()[0][0])
    fresh, published = f'"{catalog}"."{schema}"."{table}"', f'export."{schema}"."{table}"'
    for places in _places(connection, address):
        if _stage(connection, fresh, published, places, known, said):
            _write(connection, fresh, published)
            return "touched" if places else "all"
    return "not"


def _write(connection: duckdb.DuckDBPyConnection, fresh: str, published: str) -> None:
    gone = "select place from published_row where said not in (select said from fresh_row)"
    new = "select place from fresh_row where said not in (select said from published_row)"
    connection.execute(f"delete from {published} where rowid in ({gone})").fetchall()
    connection.execute(f"insert into {published} select * from {fresh} as t where t.rowid in ({new})").fetchall()


def _places(connection: duckdb.DuckDBPyConnection, address: str) -> list[str]:
    """Queries with `{source}` for the places of rows to compare, the cheaper one first; an empty one means all rows."""
    found = connection.execute(COLUMNS, address.split(".")).fetchall()
    columns, there = {str(name) for table, name in found if table == address}, {str(table) for table, _ in found}
    catalog = str(connection.execute("select current_database()").fetchall()[0][0])
    parts = [
        f'select rowid from {{source}} where "{column}" in (select "{key}" from "{catalog}".refresh."{table}")'
        for column, (table, key) in TOUCHED.items()
        if column in columns and f"refresh.{table}" in there
    ]
    return [" union ".join(parts), ""] if parts else [""]


def _stage(
    connection: duckdb.DuckDBPyConnection, fresh: str, published: str, places: str, known: str, said: str
) -> bool:
    """Note places and hashes of rows of both sides; whether the ones that differ are all that parts `known` and `said`.

    Read by place: a row's other columns are then read of these rows alone.
    """
    for name, source in (("fresh_row", fresh), ("published_row", published)):
        where = f" where t.rowid in ({places.format(source=source)})" if places else ""
        hashes = f"select t.rowid as place, hash(t) as said from {source} as t{where}"
        connection.execute(f"create or replace temporary table {name} as {hashes}").fetchall()
    rows, total = (int(value) for value in connection.execute(STANDING).fetchall()[0])
    if places:
        seen = connection.execute(SEEN).fetchall()[0]
        before = known.split(":")
        rows, total = rows + int(before[0]) - int(seen[0]), total + int(before[1]) - int(seen[1])
    return f"{rows}:{total}" == said.rpartition(":")[0]


def _large(said: str) -> bool:
    return int(said.partition(":")[0]) > LARGE_ROWS
