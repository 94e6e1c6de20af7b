"""How a snapshot's LMDB file is opened, for writing once and for reading ever after."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import lmdb

from intake.hashing import name_of
from serving.snapshot.manifest import DATA_FILE
from serving.snapshot.records import TABLES

# Address space only: the file takes what is written. 64 GiB is some 200 times a snapshot of a million profiles.
MAP_BYTES = 64 << 30
SEPARATOR = "\x1f"
EVERYTHING = "\x00"

# LMDB refuses to open one file twice in a process, which a verification beside a serving reader would do.
_OPEN: dict[tuple[int, int], list[Any]] = {}
_LOCK = threading.Lock()


def open_for_writing(folder: Path, tables: int = len(TABLES), name: str = DATA_FILE) -> Any:
    """A new environment of up to `tables` tables in a file of its own; durable only after `sync(True)`.

    LMDB clears memory before a page takes it: else what this process read before, names from the vault among it, would
    reach the file.
    """
    file = str(folder / name)
    return lmdb.open(file, subdir=False, map_size=MAP_BYTES, max_dbs=tables, sync=False, lock=False)


class SharedEnvironment:
    """A published environment: no lock file, no read-ahead; readers of one process share it.

    Raises:
        lmdb.Error: the file is missing or is no LMDB file.
    """

    def __init__(self, folder: Path, name: str = DATA_FILE) -> None:
        try:
            stat = (folder / name).stat()
        except OSError as error:
            raise lmdb.Error(str(error)) from error
        self._key = (stat.st_dev, stat.st_ino)
        with _LOCK:
            entry = _OPEN.get(self._key)
            if entry is None:
                entry = _OPEN[self._key] = [_open_for_reading(folder / name), 0]
            entry[1] += 1
        self.lmdb = entry[0]

    def table(self, name: str) -> Any:
        """A table of it; LMDB lets no two threads open tables of one file at the same time.

        Raises:
            lmdb.Error: it is missing.
        """
        with _LOCK:
            return self.lmdb.open_db(name.encode(), create=False)

    def release(self) -> None:
        """Unmap the file when this was its last user."""
        with _LOCK:
            entry = _OPEN[self._key]
            entry[1] -= 1
            if entry[1] == 0:
                del _OPEN[self._key]
                self.lmdb.close()


def _open_for_reading(file: Path) -> Any:
    return lmdb.open(
        str(file), subdir=False, readonly=True, lock=False, readahead=False, create=False, max_dbs=len(TABLES)
    )


def identifier_key(kind: str, value_hash: str) -> bytes:
    """Key of the identifier table: the part of the hash that no rotation of keys changes."""
    return f"{kind}{SEPARATOR}{name_of(value_hash)}".encode()


def place_key(place: str) -> bytes:
    """Key of a place of delivery; "" is every place together."""
    return b"place:" + place.encode()


def category_key(category: str) -> bytes:
    """Key of the popular table; LMDB has no empty keys, so all categories together have a sign of their own."""
    return (category or EVERYTHING).encode()
