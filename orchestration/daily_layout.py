"""Daily tables are rebuilt whole when what defines them changed: an update of the program, an edited model."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb
import pandas as pd

from intake.ops_store import OpsStore
from orchestration.environment import dbt_project_dir
from orchestration.touched import touch_again
from orchestration.warehouse import Warehouse

LAYOUT = "ops.daily_layout"
SCHEMAS = {"models/staging": "staging", "models/intermediate/daily": "intermediate"}
# Daily tables of former layouts that no model makes any more.
FORMER = ("intermediate.int_events_deduplicated", "intermediate.int_event_sessions")
# Daily models call no macro of features or checks: those belong to the tables behind them.
APART = ("macros/features", "macros/checks")


def layout_hash(folder: Path) -> str:
    """Hash over the SQL of the daily models, the macros they may call and the project's variables."""
    digest = hashlib.sha256()
    for file in sorted(_definitions(folder)):
        digest.update(str(file.relative_to(folder)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def renew_daily_tables(ops: OpsStore, warehouse: Warehouse) -> bool:
    """Drop daily tables of another layout and touch every day of the lake; returns whether that was necessary.

    Old rows beside new ones would be a mixture that no single program ever wrote.
    """
    folder = dbt_project_dir()
    if _has_layout(warehouse, layout_hash(folder)):
        return False
    stale = _stale(folder, warehouse)
    with warehouse.connect() as connection:
        for address in stale:
            kind = "VIEW" if _is_view(connection, address) else "TABLE"
            connection.execute(f"DROP {kind} {address}").fetchall()
    if stale:
        touch_again(ops, ops.visible_files())
    warehouse.replace({LAYOUT: pd.DataFrame({"layout": [layout_hash(folder)]})})
    return bool(stale)


def is_outdated(warehouse: Warehouse) -> bool:
    """Whether the next run will make the daily tables anew, so that nothing can be published before it."""
    folder = dbt_project_dir()
    return not _has_layout(warehouse, layout_hash(folder)) and bool(_stale(folder, warehouse))


def _has_layout(warehouse: Warehouse, wanted: str) -> bool:
    return warehouse.has_table(LAYOUT) and warehouse.rows(f"SELECT layout FROM {LAYOUT}") == [(wanted,)]


def _stale(folder: Path, warehouse: Warehouse) -> list[str]:
    return [address for address in (*_tables(folder), *FORMER) if warehouse.has_table(address)]


def _is_view(connection: duckdb.DuckDBPyConnection, address: str) -> bool:
    schema, _, name = address.partition(".")
    sql = "SELECT table_type FROM information_schema.tables WHERE table_schema = ? AND table_name = ?"
    return bool(connection.execute(sql, [schema, name]).fetchall() == [("VIEW",)])


def _definitions(folder: Path) -> list[Path]:
    models = [file for name in SCHEMAS for file in (folder / name).rglob("*.sql")]
    apart = [folder / name for name in APART]
    macros = [file for file in (folder / "macros").rglob("*.sql") if not any(map(file.is_relative_to, apart))]
    return [*models, *macros, folder / "dbt_project.yml"]


def _tables(folder: Path) -> list[str]:
    return [
        f"{schema}.{file.stem}" for name, schema in SCHEMAS.items() for file in sorted((folder / name).rglob("*.sql"))
    ]
