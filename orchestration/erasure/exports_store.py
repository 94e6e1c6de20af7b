"""Erasure in published exports: every version is built again without them and takes the place of the old one."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from intake.atomic_file import sync
from intake.project import Project
from orchestration.erasure import duckdb_store
from orchestration.erasure.scope import Scope
from orchestration.export import CURRENT, point, versions
from orchestration.export_contents import DATABASE
from orchestration.export_rows import LARGE_ROWS

MARK = ".erased"


def erase(project: Project, scope: Scope) -> int:
    """Rebuild the versions that name them; rows that went. A reader that has the old one open keeps reading it."""
    root = project.paths.published
    if not root.is_dir():
        return 0
    for left in root.glob(".*.partial"):
        shutil.rmtree(left, ignore_errors=True)
    return sum(_rebuild(root, version, scope) for version in versions(root))


def _rebuild(root: Path, version: Path, scope: Scope) -> int:
    name = version.name.partition(MARK)[0] + f"{MARK}-{scope.request_id[-12:]}"
    if version.name == name:
        return 0
    if (root / name).exists():  # Killed between two names: the new one is complete.
        _retire(root, version, name)
        return 0
    partial = root / f".{name}.partial"
    partial.mkdir()
    shutil.copyfile(version / DATABASE, partial / DATABASE)
    changed, gone = _purge(partial / DATABASE, scope)
    changed |= _behind(version, changed, scope)
    if not changed:
        shutil.rmtree(partial)
        return 0
    duckdb_store.pack(partial / DATABASE)
    _export(partial, changed)
    for file in version.glob("*.parquet"):
        if not (partial / file.name).exists():
            os.link(file, partial / file.name)
    _replace(root, version, partial, name)
    return gone


def _purge(file: Path, scope: Scope) -> tuple[set[str], int]:
    """Tables that changed, and rows that went."""
    changed, gone = set(), 0
    with closing(duckdb.connect(str(file))) as connection:
        names = duckdb_store.Names(scope)
        for address in duckdb_store.base_tables(connection):
            before = _anonymous(connection, address)
            rows = duckdb_store.purge(connection, address, names)
            gone += rows
            if rows or before != _anonymous(connection, address):
                changed.add(".".join(address))
        connection.execute("checkpoint").fetchall()
    return changed, gone


def _behind(version: Path, changed: set[str], scope: Scope) -> set[str]:
    """Large tables whose parquet file names them and whose table in the database does not any more.

    An hourly run writes the rows that differ into the database alone.
    """
    found, names = set(), duckdb_store.Names(scope)
    for file in sorted(version.glob("*.parquet")):
        if file.stem in changed or pq.read_metadata(file).num_rows <= LARGE_ROWS:
            continue
        with closing(duckdb_store.in_memory(file)) as connection:
            listed = str(file).replace("'", "''")
            connection.execute(f"create view rows_of_file as from read_parquet('{listed}')").fetchall()
            columns = duckdb_store.columns_of(connection, ("main", "rows_of_file"))
            if any(duckdb_store.mentions(connection, "rows_of_file", columns, "0", names)):
                found.add(file.stem)
    return found


def _anonymous(connection: duckdb.DuckDBPyConnection, address: duckdb_store.Address) -> int:
    column = duckdb_store.ANONYMOUS.get(address)
    if column is None:
        return 0
    found = connection.execute(f'select count("{column}") from "{address[0]}"."{address[1]}"').fetchall()
    return int(found[0][0])


def _export(folder: Path, changed: set[str]) -> None:
    with closing(duckdb.connect(str(folder / DATABASE), read_only=True)) as connection:
        for address in sorted(changed):
            target = str(folder / f"{address}.parquet").replace("'", "''")
            connection.execute(
                f"copy (select * from {address}) to '{target}' (format parquet, compression zstd)"
            ).fetchall()


def _replace(root: Path, version: Path, partial: Path, name: str) -> None:
    """The new folder takes the old one's age, and the link, before the old one goes."""
    stat = version.stat()
    for file in partial.iterdir():
        sync(file)
    partial.rename(root / name)
    os.utime(root / name, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    sync(root)
    _retire(root, version, name)


def _retire(root: Path, version: Path, name: str) -> None:
    if (root / CURRENT).resolve() == version.resolve():
        point(root, name)
    shutil.rmtree(version)
