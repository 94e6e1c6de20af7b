"""Bring a large published table up to date by the rows that differ, so that an hour costs what is new in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import duckdb

# Up to here a table is written again as a whole, in less time than its rows would be compared.
LARGE_ROWS: Final = 100_000
IS_VIEW: Final = "select 1 from duckdb_views() where schema_name = ? and view_name = ? and not internal"
# What stands in the published table afterwards: the rows that both have, and the new ones.
STANDING: Final = """
    select count(*), coalesce(sum(said), 0) from (
        select said from published_row where said in (select said from fresh_row)
        union all
        select said from fresh_row where said not in (select said from published_row)
    ) as standing
"""


def renewable(known: Mapping[str, str], contents: Mapping[str, str]) -> list[str]:
    """Tables that changed, are large and have the columns that they had; a content is `rows:sum:columns`."""
    return [
        address
        for address, said in contents.items()
        if address in known and said != known[address] and _large(said) and _large(known[address])
        if said.rpartition(":")[2] == known[address].rpartition(":")[2]
    ]


def renew(connection: duckdb.DuckDBPyConnection, address: str, said: str) -> bool:
    """Take out of `export.<address>` the rows that are gone and put in those that are new.

    Rows are told apart by their hashes. False when that does not give the content `said` (a row that stood there twice
    and now stands there once), and of a view, whose rows have no place: then the table is to be written as a whole.

    Args:
        connection: the warehouse, with the published file attached as `export`.
        address: `schema.table`.
        said: its content in the warehouse.
    """
    schema, _, table = address.partition(".")
    if connection.execute(IS_VIEW, [schema, table]).fetchall():
        return False
    catalog = str(connection.execute("select current_database()").fetchall()[0][0])
    fresh, published = f'"{catalog}"."{schema}"."{table}"', f'export."{schema}"."{table}"'
    for name, source in (("fresh_row", fresh), ("published_row", published)):
        hashes = f"select t.rowid as place, hash(t) as said from {source} as t"
        connection.execute(f"create or replace temporary table {name} as {hashes}").fetchall()
    gone = "select place from published_row where said not in (select said from fresh_row)"
    new = "select place from fresh_row where said not in (select said from published_row)"
    connection.execute(f"delete from {published} where rowid in ({gone})").fetchall()
    connection.execute(f"insert into {published} select * from {fresh} as t where t.rowid in ({new})").fetchall()
    found = connection.execute(STANDING).fetchall()[0]
    return f"{found[0]}:{found[1]}" == said.rpartition(":")[0]


def _large(said: str) -> bool:
    return int(said.partition(":")[0]) > LARGE_ROWS
