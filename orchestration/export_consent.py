"""Whether a published parquet file still says of somebody what their consent no longer allows."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb

from intake.purposes import PURPOSES

CONSENT: Final = ("marts", "customer_consent")
LEDGER: Final = ("identity", "canonical")
PERSON: Final = "customer_id"
FLAGS: Final = frozenset({*PURPOSES, *(f"consent_{purpose}" for purpose in PURPOSES), "is_tracked", "is_profiled"})
"""Columns that say of a customer what is allowed."""

_REFUSERS: Final = "select customer_id from marts.customer_consent where not (is_tracked and is_profiled)"
# An id of before a merge is the refuser's as well.
_WITH_FORMER_IDS: Final = f"""
    with recursive refuser as (
        {_REFUSERS}
        union
        select former.canonical_id
        from identity.canonical as former
        inner join refuser on former.redirect_to = refuser.customer_id
    )
    select customer_id from refuser
"""


def outdated(connection: duckdb.DuckDBPyConnection, address: str, file: Path) -> bool:
    """Whether a parquet file holds rows of a customer who refuses to be tracked or profiled and whom the table has no
    more, or allows for a customer what the table refuses.

    Args:
        connection: the warehouse.
        address: `schema.table` of the file.
    """
    columns = _columns(connection, address)
    if PERSON not in columns or not _exists(connection, *CONSENT):
        return False
    fresh = ".".join(f'"{part}"' for part in address.split("."))
    published = "read_parquet('{}')".format(str(file).replace("'", "''"))
    return _holds_refuser(connection, fresh, published) or _allows_more(connection, fresh, published, columns)


def _holds_refuser(connection: duckdb.DuckDBPyConnection, fresh: str, published: str) -> bool:
    refusers = _WITH_FORMER_IDS if _exists(connection, *LEDGER) else _REFUSERS
    return _any(
        connection,
        f"select 1 from {published} as p where p.customer_id in ({refusers})"
        f" and not exists (select 1 from {fresh} as f where f.customer_id = p.customer_id)",
    )


def _allows_more(connection: duckdb.DuckDBPyConnection, fresh: str, published: str, columns: dict[str, str]) -> bool:
    flags = sorted(name for name in FLAGS & columns.keys() if columns[name] == "BOOLEAN")
    if not flags:
        return False
    more = " or ".join(f'(p."{name}" and not f."{name}")' for name in flags)
    return _any(
        connection,
        f"select 1 from {published} as p inner join {fresh} as f on p.customer_id = f.customer_id where {more}",
    )


def _any(connection: duckdb.DuckDBPyConnection, query: str) -> bool:
    return bool(connection.execute(f"{query} limit 1").fetchall())


def _exists(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    return bool(_columns(connection, f"{schema}.{table}"))


def _columns(connection: duckdb.DuckDBPyConnection, address: str) -> dict[str, str]:
    schema, _, table = address.partition(".")
    return dict(
        connection.execute(
            "select column_name, data_type from information_schema.columns"
            " where table_catalog = current_database() and table_schema = ? and table_name = ?",
            [schema, table],
        ).fetchall()
    )
