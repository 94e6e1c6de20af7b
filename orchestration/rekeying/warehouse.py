"""The warehouse: the few columns that show whole hashes. Keys of the ledger and customer ids stay as they are."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import duckdb
import pandas as pd

from intake.project import Project
from orchestration.erasure.duckdb_store import Address, base_tables, columns_of, pack
from orchestration.rekeying.values import newest

HASHES = "value_hash"
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
            names = {column.name for column in columns_of(connection, address)}
            name = OTHERS.get(address, HASHES)
            if name in names and (count := _update(connection, address, name, key)):
                changed[address] = count
        connection.execute("checkpoint").fetchall()
    if changed:
        pack(file)
    return sum(changed.values()), sorted(changed)


def _update(connection: duckdb.DuckDBPyConnection, address: Address, name: str, key: bytes) -> int:
    table = f'"{address[0]}"."{address[1]}"'
    found = connection.execute(f'select distinct "{name}" from {table} where len("{name}") = 32').fetchall()
    changes = newest(key, [value for (value,) in found])
    if not changes:
        return 0
    connection.register("rekeyed", pd.DataFrame({"old": list(changes), "new": list(changes.values())}, dtype="str"))
    connection.execute(
        f'update {table} as t set "{name}" = r.new from rekeyed as r where t."{name}" = r.old'
    ).fetchall()
    connection.unregister("rekeyed")
    return len(changes)
