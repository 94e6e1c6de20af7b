"""What published tables say, as one line a table: to publish again only what says something new."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

import duckdb

from orchestration.warehouse import Warehouse

PUBLIC_SCHEMAS = ("marts", "identity", "ops")
# Working tables of a run that mean nothing to a reader.
PRIVATE_TABLES = frozenset({"ops.lake_file", "ops.daily_layout", "identity.account_address", "identity.evidence_seen"})
DATABASE = "concierge.duckdb"
CONTENTS = "contents.json"


def table_contents(warehouse: Warehouse) -> dict[str, str]:
    """`schema.table` of every public table with its number of rows and a sum of hashes over rows and columns.

    Five million short rows take about a second, a third of writing them.
    """
    with warehouse.connect() as connection:
        return {address: _said(connection, address) for address in _public_tables(connection)}


def rows_of(contents: Mapping[str, str]) -> dict[str, int]:
    """Rows by table."""
    return {address: int(said.partition(":")[0]) for address, said in contents.items()}


def read_contents(folder: Path) -> dict[str, str]:
    """What a published version says; nothing where it was made without a note of it."""
    file = folder / CONTENTS
    if not file.exists() or not (folder / DATABASE).exists():
        return {}
    found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return found


def write_contents(folder: Path, contents: Mapping[str, str]) -> None:
    """Note what a version says, beside its tables."""
    (folder / CONTENTS).write_text(json.dumps(contents, indent=1), encoding="utf-8")


def take_over(
    before: Path, folder: Path, known: Mapping[str, str], contents: Mapping[str, str], renewed: Collection[str] = ()
) -> None:
    """Start a version from the one before: its database without the tables that changed, its other files linked.

    Tables of `renewed` are taken over although they changed: their rows follow in the database, their parquet file
    with the next whole export, or sooner where consent asks for it.
    """
    shutil.copyfile(before / DATABASE, folder / DATABASE)
    with duckdb.connect(str(folder / DATABASE)) as connection:
        for address, said in known.items():
            if contents.get(address) == said or address in renewed:
                os.link(before / f"{address}.parquet", folder / f"{address}.parquet")
            else:
                schema, _, table = address.partition(".")
                connection.execute(f'DROP TABLE IF EXISTS "{schema}"."{table}"').fetchall()


def _said(connection: duckdb.DuckDBPyConnection, address: str) -> str:
    schema, _, table = address.partition(".")
    source = f'"{schema}"."{table}"'
    columns = connection.execute(f"DESCRIBE {source}").fetchall()
    shape = "|".join(f"{column[0]} {column[1]}" for column in columns)
    rows, total, kept = connection.execute(
        f"SELECT count(*), coalesce(sum(hash(said)), 0), hash(?) FROM {source} AS said", [shape]
    ).fetchall()[0]
    return f"{rows}:{total}:{kept}"


def _public_tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    marks = ", ".join("?" * len(PUBLIC_SCHEMAS))
    found = connection.execute(
        "SELECT table_schema || '.' || table_name FROM information_schema.tables"
        f" WHERE table_schema IN ({marks}) ORDER BY 1",
        [*PUBLIC_SCHEMAS],
    ).fetchall()
    return [str(address) for (address,) in found if address not in PRIVATE_TABLES]
