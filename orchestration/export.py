"""Publish tables: a versioned folder of parquet and one DuckDB file behind an atomic link."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.export_consent import ADDRESSES, outdated
from orchestration.export_contents import (
    DATABASE,
    read_contents,
    rows_of,
    table_contents,
    take_over,
    write_contents,
)
from orchestration.export_rows import renew, renewable
from orchestration.warehouse import Warehouse

# What a run notes about itself is no reason to publish again.
NO_NEWS = frozenset({"ops.run_context", "ops.run_summary"})
CURRENT = "current"
KEEP_VERSIONS = 3


@dataclass(frozen=True)
class Published:
    """What was exported: version, folder and rows by `schema.table`."""

    version: str
    folder: Path
    rows: dict[str, int]


def publish_tables(project: Project, version: str, *, only_changes: bool = False) -> Published:
    """Export the public schemas as `<published>/<version>/` and point `current` at it.

    With `only_changes` nothing is exported when no table says anything new (what runs note about themselves does not
    count), and tables that say what they said are taken over from the version before. Of large tables that changed only
    the rows that differ are written, into the database alone: their parquet files follow with the next whole export,
    or at once where one says of somebody what consent no longer allows.

    The folder is complete before the link moves; a reader that has the older one open keeps reading it, for the next
    `KEEP_VERSIONS` - 1 exports at least. Exporting a version again replaces nothing that is linked: it gets a suffix.
    """
    OpsStore(project.paths).require_no_open_erasure()
    root = project.paths.published
    root.mkdir(parents=True, exist_ok=True)
    warehouse = Warehouse(project.paths.warehouse)
    before = root / CURRENT
    contents = table_contents(warehouse)
    known = read_contents(before) if only_changes else {}
    if known and _news(contents) == _news(known):
        return Published(before.resolve().name, before.resolve(), rows_of(contents))
    name = _free_name(root, version)
    partial = root / f".{name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    renewed = renewable(known, contents)
    if known:
        take_over(before.resolve(), partial, known, contents, renewed)
    changed = [address for address in contents if contents[address] != known.get(address)]
    _export(warehouse, partial, [address for address in changed if address not in renewed])
    if renewed:
        both = {address: (known[address], contents[address]) for address in renewed}
        _renew(warehouse, before.resolve(), partial, both, changed)
    write_contents(partial, contents)
    _sync(partial)
    partial.rename(root / name)
    point(root, name)
    prune(root, keep=KEEP_VERSIONS)
    return Published(name, root / name, rows_of(contents))


def _free_name(root: Path, version: str) -> str:
    candidates = [version, *(f"{version}.{number}" for number in range(1, 10_000))]
    return next(name for name in candidates if not (root / name).exists())


def _news(contents: dict[str, str]) -> dict[str, str]:
    return {address: said for address, said in contents.items() if address not in NO_NEWS}


def _export(warehouse: Warehouse, folder: Path, addresses: Sequence[str]) -> None:
    with warehouse.connect() as connection, _attached(connection, folder / DATABASE):
        catalog = str(connection.execute("SELECT current_database()").fetchall()[0][0])
        for address in addresses:
            schema, _, table = address.partition(".")
            source = f'"{catalog}"."{schema}"."{table}"'
            connection.execute(f'CREATE SCHEMA IF NOT EXISTS export."{schema}"').fetchall()
            connection.execute(f'CREATE TABLE export."{schema}"."{table}" AS SELECT * FROM {source}').fetchall()
            _write_parquet(connection, address, folder)


def _write_parquet(connection: duckdb.DuckDBPyConnection, address: str, folder: Path) -> None:
    schema, _, table = address.partition(".")
    target = str(folder / f"{address}.parquet").replace("'", "''")
    connection.execute(
        f'COPY (SELECT * FROM "{schema}"."{table}") TO \'{target}\' (FORMAT parquet, COMPRESSION zstd)'
    ).fetchall()


def _renew(
    warehouse: Warehouse, before: Path, folder: Path, contents: Mapping[str, tuple[str, str]], changed: Collection[str]
) -> None:
    """Bring large tables up to date row by row; one that cannot be is written as a whole.

    Args:
        warehouse: what they are to say.
        before: folder of the version before.
        folder: of the version, with its database.
        contents: of each such table what it said before and what it says now.
        changed: all tables that say something else.
    """
    with (
        warehouse.connect() as connection,
        _attached(connection, folder / DATABASE),
        _attached(connection, before / DATABASE, "earlier", "(read_only)"),
    ):
        # A row group that lost many rows would be written anew with all columns; the daily export writes all anyway.
        connection.execute("SET max_vacuum_tasks = 0").fetchall()
        compared = {address: renew(connection, address, *both) for address, both in contents.items()}
        torn = [address for address, by in compared.items() if by == "not"]
        for address in torn:
            schema, _, table = address.partition(".")
            connection.execute(f'DROP TABLE export."{schema}"."{table}"').fetchall()
            (folder / f"{address}.parquet").unlink()
        touched = {address for address, by in compared.items() if by == "touched"}
        knows_refusers = not (ADDRESSES & set(changed)) - touched
        for address in sorted(contents.keys() - set(torn)):
            file, earlier = folder / f"{address}.parquet", f"earlier.{address}"
            if outdated(connection, address, file, earlier=earlier if knows_refusers and address in touched else ""):
                # The file is linked from the version before, whose readers keep it.
                file.unlink()
                _write_parquet(connection, address, folder)
    _export(warehouse, folder, torn)


@contextmanager
def _attached(connection: duckdb.DuckDBPyConnection, file: Path, name: str = "export", how: str = "") -> Iterator[None]:
    escaped = str(file).replace("'", "''")
    connection.execute(f"ATTACH '{escaped}' AS {name} {how}").fetchall()
    try:
        yield
    finally:
        if not how:
            connection.execute(f"CHECKPOINT {name}").fetchall()
        connection.execute(f"DETACH {name}").fetchall()


def _sync(folder: Path) -> None:
    for file in folder.iterdir():
        descriptor = os.open(file, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def point(root: Path, version: str) -> None:
    """Move the `current` link in one step."""
    link = root / f".{CURRENT}.{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(version)
    link.replace(root / CURRENT)


def versions(root: Path) -> list[Path]:
    """Complete versions, oldest first."""
    found = [item for item in root.glob("[!.]*") if item.is_dir() and not item.is_symlink()]
    return sorted(found, key=lambda item: item.stat().st_mtime_ns)


def prune(root: Path, *, keep: int) -> list[str]:
    """Remove all but the newest `keep` versions and what is linked, and what an interrupted export left."""
    current = (root / CURRENT).resolve()
    old = [item for item in versions(root)[:-keep] if item != current]
    for item in [*old, *root.glob(".*.partial")]:
        shutil.rmtree(item, ignore_errors=True)
    return [item.name for item in old]
