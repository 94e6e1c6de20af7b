"""Whether a published parquet file still says of somebody what their consent no longer allows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import duckdb

from intake.purposes import PURPOSES

CONSENT: Final = ("marts", "customer_consent")
LEDGER: Final = ("identity", "canonical")
PERSON: Final = "customer_id"
FLAGS: Final = frozenset({*PURPOSES, *(f"consent_{purpose}" for purpose in PURPOSES), "is_tracked", "is_profiled"})
"""Columns that say of a customer what is allowed."""

ADDRESSES: Final = frozenset(".".join(table) for table in (CONSENT, LEDGER))
"""Tables that say whose rows may not stand in a file."""

_TOUCHED: Final = "(select customer_id from refresh.customer)"
_REFUSES: Final = "not (is_tracked and is_profiled)"
_REFUSERS: Final = f"select customer_id from marts.customer_consent where {_REFUSES}"
# An id of before a merge is the refuser's as well.
_WITH_FORMER_IDS: Final = """
    with recursive refuser as (
        {refusers}
        union
        select former.canonical_id
        from identity.canonical as former
        inner join refuser on former.redirect_to = refuser.customer_id
    )
    select customer_id from refuser
"""
# Touched ids whose person of today refuses.
_FORMER_TOUCHED: Final = f"""
    with recursive later as (
        select customer_id, customer_id as now_id from refresh.customer
        union
        select later.customer_id, former.redirect_to as now_id
        from later
        inner join identity.canonical as former on later.now_id = former.canonical_id
        where former.redirect_to is not null
    )
    select later.customer_id from later
    inner join marts.customer_consent as consent on later.now_id = consent.customer_id
    where {_REFUSES}
"""


def outdated(connection: duckdb.DuckDBPyConnection, address: str, file: Path, *, earlier: str = "") -> bool:
    """Whether a parquet file holds rows of a customer who refuses to be tracked or profiled and whom the table has no
    more, or allows for a customer what the table refuses.

    Args:
        connection: the warehouse.
        address: `schema.table` of the file.
        earlier: the table as it was when this was asked before, where since then only rows, consents and ids of the
            customers in `refresh.customer` came to differ: then it is asked of these alone.
    """
    columns = _columns(connection, address)
    if PERSON not in columns or not _exists(connection, *CONSENT):
        return False
    fresh = ".".join(f'"{part}"' for part in address.split("."))
    published = "read_parquet('{}')".format(str(file).replace("'", "''"))
    refusers = _refusers(connection, only_touched=bool(earlier))
    if _holds_refuser(connection, fresh, published, refusers):
        return True
    flags = sorted(name for name in FLAGS & columns.keys() if columns[name] == "BOOLEAN")
    return bool(flags) and _allows_more(connection, fresh, published, flags, earlier)


def _refusers(connection: duckdb.DuckDBPyConnection, *, only_touched: bool) -> str:
    """A temporary table of ids whose rows are asked for, made once a connection."""
    name = "touched_refuser" if only_touched else "any_refuser"
    refusers = f"{_REFUSERS} and customer_id in {_TOUCHED}" if only_touched else _REFUSERS
    if _exists(connection, *LEDGER):
        refusers = f"from ({_WITH_FORMER_IDS.format(refusers=refusers)}) as refuser"
        refusers += f" union from ({_FORMER_TOUCHED}) as former" if only_touched else ""
    connection.execute(f"create temporary table if not exists {name} as {refusers}").fetchall()
    return name


def _holds_refuser(connection: duckdb.DuckDBPyConnection, fresh: str, published: str, refusers: str) -> bool:
    return _any(connection, f"select 1 from {refusers}") and _any(
        connection,
        f"select 1 from {published} as p where p.customer_id in (select customer_id from {refusers})"
        f" and p.customer_id not in (select customer_id from {fresh} as f"
        f" where f.customer_id in (select customer_id from {refusers}))",
    )


def _allows_more(
    connection: duckdb.DuckDBPyConnection, fresh: str, published: str, flags: Sequence[str], earlier: str
) -> bool:
    where = "(" + " or ".join(f'not f."{name}"' for name in flags) + ")"
    if earlier:
        # The file allowed nobody more than the table did: who stood there and refuses nothing new is not asked for.
        same = " and ".join(f'(b."{name}" is false or f."{name}")' for name in flags)
        stood = f"select 1 from {earlier} as b where b.customer_id = f.customer_id and {same}"
        where += f" and f.customer_id in {_TOUCHED} and not exists ({stood})"
    connection.execute(
        f"create or replace temporary table refusing as select {PERSON}, {', '.join(flags)} from {fresh} as f"
        f" where {where}"
    ).fetchall()
    more = " or ".join(f'(p."{name}" and not f."{name}")' for name in flags)
    return _any(connection, "select 1 from refusing") and _any(
        connection,
        f"select 1 from {published} as p inner join refusing as f on p.customer_id = f.customer_id where {more}",
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
