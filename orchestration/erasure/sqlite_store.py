"""Erasure in SQLite files: rows with one of their ids go, texts that mention one lose it, the file is packed."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pyarrow as pa

from intake.project import Project
from orchestration.erasure.matching import Matcher
from orchestration.erasure.scope import Scope

BUSY_SECONDS = 30
_BLOCK_ROWS = 1 << 12
# A row about them that their id is only a part of: whoever reads it learns nothing without it.
WHOLE_ROWS = {"alert": "cause"}


class StillReadError(RuntimeError):
    """Another process keeps an old state of the file open."""


def erase_operations(project: Project, scope: Scope) -> int:
    """`ops.sqlite`: consent, overrides, alerts and what runs said; rows that went or changed."""
    return erase_file(project.paths.ops_db, scope)


def erase_run_storage(project: Project, scope: Scope) -> int:
    """Dagster's runs, schedules and events."""
    return sum(erase_file(file, scope) for file in database_files(project.paths.dagster_home))


def database_files(folder: Path) -> list[Path]:
    """SQLite files under a folder."""
    return sorted(file for file in folder.rglob("*.db") if file.is_file())


def erase_file(file: Path, scope: Scope) -> int:
    """Take the people out of one file; rows that went or changed."""
    if not file.exists() or file.stat().st_size == 0:
        return 0
    matcher, ids, keys = Matcher(scope), scope.tokens | scope.event_ids, scope.keys
    with closing(sqlite3.connect(file, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
        connection.execute("pragma secure_delete = on")
        connection.create_function("is_theirs", 1, lambda value: value in ids or value in keys, deterministic=True)
        connection.create_function("without_them", 1, lambda value: matcher.cleaned(str(value)))
        connection.execute("begin immediate")
        changed = sum(_table(connection, table, matcher) for table in _tables(connection))
        connection.execute("commit")
        if changed:
            connection.execute("vacuum")
        _fold_in(connection, file)
    return changed


def _tables(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("select name from sqlite_master where type = 'table' and name not like 'sqlite_%'")
    return [row[0] for row in rows]


def _table(connection: sqlite3.Connection, table: str, matcher: Matcher) -> int:
    columns = [(row[1], str(row[2]).upper()) for row in connection.execute(f'pragma table_info("{table}")')]
    before = connection.total_changes
    _run(connection, f'delete from "{table}" where', [f'is_theirs("{name}")' for name, _ in columns])
    texts = [name for name, kind in columns if not any(word in kind for word in ("INT", "REAL", "BLOB"))]
    for name in texts:
        named = _named(connection, table, name, matcher)
        if not named:
            continue
        connection.create_function("names_them", 1, named.__contains__, deterministic=True)
        if WHOLE_ROWS.get(table) == name:
            connection.execute(f'delete from "{table}" where names_them("{name}")')
        connection.execute(
            f'update or replace "{table}" set "{name}" = without_them("{name}") where names_them("{name}")'
        )
    return connection.total_changes - before


def _named(connection: sqlite3.Connection, table: str, column: str, matcher: Matcher) -> set[str]:
    """Texts of a column that name them: many are looked through at once."""
    found: set[str] = set()
    cursor = connection.execute(f'select distinct "{column}" from "{table}" where typeof("{column}") = \'text\'')
    while block := cursor.fetchmany(_BLOCK_ROWS):
        texts = pa.array([text.encode(errors="replace") for (text,) in block], pa.large_binary())
        found |= {block[at][0] for at in matcher.rows_named(texts)}
    return found


def _run(connection: sqlite3.Connection, statement: str, conditions: Sequence[str]) -> None:
    if conditions:
        connection.execute(f"{statement} {' or '.join(conditions)}")


def _fold_in(connection: sqlite3.Connection, file: Path) -> None:
    """Empty the write-ahead log, which keeps old pages.

    Raises:
        StillReadError: somebody reads an old state for longer than half a minute.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while connection.execute("pragma wal_checkpoint(truncate)").fetchone()[0]:
        if time.monotonic() > deadline:
            raise StillReadError(f"{file}: another process keeps an old state open; stop it and finish the erasure")
        time.sleep(0.1)
