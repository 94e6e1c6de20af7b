"""The warehouse: the few columns that show whole hashes. Keys of the ledger and customer ids stay as they are."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import duckdb
import pandas as pd

from intake.project import Project
from orchestration.erasure.duckdb_store import Address, base_tables, columns_of, forget_spilled, pack
from orchestration.rekeying.values import newest

HASHES = "value_hash"
LISTS = "identifiers"
OTHERS = {("intermediate", "int_account_sighting_daily"): "value"}


def rewrite(project: Project, key: bytes) -> int:
    """Update older hashes, then write the file again so that no freed page keeps them; values that changed."""
    return rewrite_file(project.paths.warehouse, key)[0]


def rewrite_file(file: Path, key: bytes) -> tuple[int, list[Address]]:
    """The same for any database file; also the tables that changed."""
    if not file.exists():
        return 0, []
    changed: dict[Address, int] = {}
    with closing(duckdb.connect(str(file))) as connection:
        connection.execute("set TimeZone = 'UTC'").fetchall()
        for address in base_tables(connection):
            columns = {column.name: column.type for column in columns_of(connection, address)}
            name = OTHERS.get(address, HASHES)
            count = _update(connection, address, name, key) if name in columns else 0
            count += _update_lists(connection, address, key) if columns.get(LISTS, "").endswith("[]") else 0
            if count:
                changed[address] = count
        connection.execute("checkpoint").fetchall()
    if changed:
        pack(file)
    forget_spilled(file)
    return sum(changed.values()), sorted(changed)


def _update(connection: duckdb.DuckDBPyConnection, address: Address, name: str, key: bytes) -> int:
    table = f'"{address[0]}"."{address[1]}"'
    changes = _register(connection, f'select distinct "{name}" from {table} where len("{name}") = 32', key)
    if not changes:
        return 0
    connection.execute(
        f'update {table} as t set "{name}" = r.new from rekeyed as r where t."{name}" = r.old'
    ).fetchall()
    connection.unregister("rekeyed")
    return changes


def _update_lists(connection: duckdb.DuckDBPyConnection, address: Address, key: bytes) -> int:
    """The same for events, which have lists of {type, value}; the lists keep their order."""
    table = f'"{address[0]}"."{address[1]}"'
    values = f"select distinct unnest({LISTS}).value as value from {table}"
    changes = _register(connection, f"select value from ({values}) where len(value) = 32", key)
    if not changes:
        return 0
    connection.execute(
        f"""
        update {table} as t set {LISTS} = fresh.pairs
        from (
            select place, list({{'type': pair.type, 'value': coalesce(r.new, pair.value)}} order by position) as pairs
            from (
                select rowid as place, unnest({LISTS}) as pair, generate_subscripts({LISTS}, 1) as position from {table}
            ) left join rekeyed as r on pair.value = r.old
            group by place having count(r.new) > 0
        ) as fresh where t.rowid = fresh.place
        """
    ).fetchall()
    connection.unregister("rekeyed")
    return changes


def _register(connection: duckdb.DuckDBPyConnection, values: str, key: bytes) -> int:
    """Register old and new hashes as `rekeyed`; how many there are, and nothing registered without any."""
    changes = newest(key, [value for (value,) in connection.execute(values).fetchall()])
    if changes:
        frame = pd.DataFrame({"old": list(changes), "new": list(changes.values())}, dtype="str")
        connection.register("rekeyed", frame)
    return len(changes)
