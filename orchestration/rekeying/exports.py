"""Published exports: the current version is made again with new hashes, older ones go."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from pathlib import Path

import duckdb

from intake.atomic_file import sync
from intake.project import Project
from orchestration.erasure.duckdb_store import Address
from orchestration.export import CURRENT, point, versions
from orchestration.export_contents import DATABASE
from orchestration.rekeying.warehouse import rewrite_file


def rewrite(project: Project, key: bytes) -> int:
    """Replace the current version and remove the others; values that changed.

    A reader that has a version open keeps reading it.
    """
    root = project.paths.published
    current = root / CURRENT
    if not current.exists():
        return 0
    changed = _renew(root, current.resolve(), key)
    for version in versions(root):
        if changed and version != current.resolve():
            shutil.rmtree(version)
    return changed


def _renew(root: Path, version: Path, key: bytes) -> int:
    name = f"{version.name}.{key.count(bytes(1)) + 1}"
    partial = root / f".{name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    shutil.copyfile(version / DATABASE, partial / DATABASE)
    changed, tables = rewrite_file(partial / DATABASE, key)
    if not changed:
        shutil.rmtree(partial)
        return 0
    _write(partial, tables)
    for file in version.iterdir():
        if not (partial / file.name).exists():
            os.link(file, partial / file.name)
    for file in partial.iterdir():
        sync(file)
    shutil.rmtree(root / name, ignore_errors=True)
    partial.rename(root / name)
    point(root, name)
    return changed


def _write(folder: Path, tables: list[Address]) -> None:
    with closing(duckdb.connect(str(folder / DATABASE), read_only=True)) as connection:
        for schema, table in tables:
            target = str(folder / f"{schema}.{table}.parquet").replace("'", "''")
            connection.execute(
                f"copy (select * from {schema}.{table}) to '{target}' (format parquet, compression zstd)"
            ).fetchall()
