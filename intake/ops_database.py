"""Connections to `ops.sqlite`: WAL, short transactions, schema made on first use."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from intake.ops_columns import add_missing_columns
from intake.paths import DataPaths

BUSY_SECONDS = 30
SCHEMA_VERSION = 5
_LOCKED_RETRY_SECONDS = 0.01
_SCHEMA = Path(__file__).with_name("ops_schema.sql")


class OpsStoreError(RuntimeError):
    """`ops.sqlite` cannot be opened, or was written by a newer version."""


class OpsDatabase:
    """Opens the store for one short transaction at a time; safe from any thread or process."""

    def __init__(self, paths: DataPaths, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self.paths = paths
        self.busy_seconds = busy_seconds
        self.file = paths.ops_db
        self._ready = False

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: everything inside happens, or nothing does."""
        with closing(self._connect()) as connection:
            connection.execute("begin immediate")
            try:
                yield connection
            except BaseException:
                connection.execute("rollback")
                raise
            connection.execute("commit")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A consistent view that blocks nobody."""
        with closing(self._connect()) as connection:
            connection.execute("begin")
            yield connection
            connection.execute("rollback")

    def rows(self, sql: str, *parameters: Any) -> list[sqlite3.Row]:
        """All rows of one query."""
        with self.reading() as connection:
            return connection.execute(sql, parameters).fetchall()

    def version(self) -> int:
        """The file's schema version as it lies there; 0 when there is none yet. Changes nothing."""
        if not self.file.exists():
            return 0
        with closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)) as connection:
            return int(connection.execute("pragma user_version").fetchone()[0])

    def _connect(self) -> sqlite3.Connection:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        try:
            connection = sqlite3.connect(self.file, timeout=self.busy_seconds, isolation_level=None)
            connection.row_factory = sqlite3.Row
            # A batch that was reported as accepted must survive a power cut: FULL syncs the WAL at each commit.
            connection.execute("pragma synchronous = full")
            if not self._ready:
                self._prepare(connection)
        except sqlite3.Error as error:
            raise OpsStoreError(f"{self.file}: {error}") from error
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        found = int(connection.execute("pragma user_version").fetchone()[0])
        if found > SCHEMA_VERSION:
            connection.close()
            raise OpsStoreError(
                f"{self.file}: schema version {found} is newer than {SCHEMA_VERSION}, which this program knows;"
                " use the program that wrote it, or a later one"
            )
        if found < SCHEMA_VERSION:
            self._write_ahead(connection)
            connection.execute("begin immediate")
            for statement in _SCHEMA.read_text(encoding="utf-8").split(";\n"):
                connection.execute(statement)
            add_missing_columns(connection)
            connection.execute(f"pragma user_version = {SCHEMA_VERSION}")
            connection.execute("commit")
        self._ready = True

    def _write_ahead(self, connection: sqlite3.Connection) -> None:
        """Switches to WAL. SQLite answers "locked" here at once, however long its timeout, so the waiting is ours."""
        give_up_at = time.monotonic() + self.busy_seconds
        while True:
            try:
                connection.execute("pragma journal_mode = wal")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up_at:
                    raise
                time.sleep(_LOCKED_RETRY_SECONDS)
            else:
                return
