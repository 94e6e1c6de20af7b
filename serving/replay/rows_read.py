"""Rows that were read of a snapshot, in bounded memory: what is more lies on disk until it is written in order."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from serving.snapshot.environment import open_for_writing
from serving.snapshot.records import TABLES

UNFINISHED = ".building-"
BUFFER_BYTES = 32 << 20
"""Keys and values held in memory; Python's own share of each row comes on top, some 150 bytes."""
Row = tuple[bytes, bytes]


class RowsRead:
    """Rows by table and key. `root` gets a hidden folder once they are more than `buffer_bytes`."""

    def __init__(self, root: Path, buffer_bytes: int = BUFFER_BYTES) -> None:
        self._root = root
        self._most = buffer_bytes
        self._held: dict[str, dict[bytes, bytes]] = {table: {} for table in TABLES}
        self._bytes = 0
        self._folder: Path | None = None
        self._environment: Any = None
        self._tables: dict[str, Any] = {}

    def note(self, table: str, key: bytes, value: bytes) -> None:
        """Keep a row; one that is there already stays as it is."""
        held = self._held[table]
        if key not in held:
            held[key] = value
            self._bytes += len(key) + len(value)
            if self._bytes > self._most:
                self._spill()

    def in_order(self, table: str) -> Iterator[Row]:
        """Every row of a table, each once, by key."""
        if self._environment is None:
            yield from sorted(self._held[table].items())
            return
        self._spill()
        with self._environment.begin(db=self._tables[table]) as transaction:
            yield from transaction.cursor()

    def close(self) -> None:
        """Let go of what lies on disk."""
        if self._environment is not None:
            self._environment.close()
            self._environment = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _spill(self) -> None:
        if self._environment is None:
            self._root.mkdir(parents=True, exist_ok=True)
            self._folder = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=self._root))
            self._environment = open_for_writing(self._folder)
            self._tables = {table: self._environment.open_db(table.encode()) for table in TABLES}
        with self._environment.begin(write=True) as transaction:
            for table, rows in self._held.items():
                transaction.cursor(self._tables[table]).putmulti(sorted(rows.items()), overwrite=False)
                rows.clear()
        self._bytes = 0
