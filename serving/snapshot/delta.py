"""Rows of a version that differ from its data file: customers and identifiers of the hours since it was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import lmdb

from serving.snapshot.environment import SharedEnvironment, open_for_writing
from serving.snapshot.manifest import DELTA_FILE
from serving.snapshot.records import CHANGING, SnapshotError

Row = tuple[bytes, bytes]


class Delta:
    """The open delta of a version. An empty value says that the data file's row is there no more.

    Raises:
        SnapshotError: the file or a table is missing or unreadable.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self._environment = SharedEnvironment(folder, DELTA_FILE)
        except lmdb.Error as error:
            raise SnapshotError(f"{folder.name}: {DELTA_FILE} cannot be opened: {error}") from error
        try:
            self._tables = {table: self._environment.table(table) for table in CHANGING}
            self._transaction = self._environment.lmdb.begin(buffers=True)
        except lmdb.Error as error:
            self._environment.release()
            raise SnapshotError(f"{folder.name}: a table of {DELTA_FILE} is missing: {error}") from error

    def get(self, table: str, key: bytes) -> Any:
        """What is known of a key since the data file was written, or None."""
        return self._transaction.get(key, db=self._tables[table])

    def rows(self, table: str) -> Iterator[Row]:
        """Every row of a table, in key order."""
        for key, value in self._transaction.cursor(self._tables[table]):
            yield bytes(key), bytes(value)

    def close(self) -> None:
        """End the transaction and unmap the file."""
        self._transaction.abort()
        self._environment.release()


def write_delta_file(folder: Path, rows: Mapping[str, Mapping[bytes, bytes]]) -> None:
    """Write the rows of the changing tables into a new file."""
    with closing(open_for_writing(folder, len(CHANGING), DELTA_FILE)) as environment:
        for table in CHANGING:
            database = environment.open_db(table.encode())
            with environment.begin(write=True, db=database) as transaction:
                transaction.cursor().putmulti(sorted(rows[table].items()), append=True)
        environment.sync(True)


def counts_of(rows: Mapping[str, Mapping[bytes, bytes]]) -> dict[str, int]:
    """Rows by table as a manifest tells them: those that are there, and those that are gone."""
    found: dict[str, int] = {}
    for table in CHANGING:
        there = sum(bool(value) for value in rows[table].values())
        found |= {table: there, f"{table}_gone": len(rows[table]) - there}
    return found


def merged(base: Iterator[Row], changed: Iterator[Row]) -> Iterator[Row]:
    """Rows of a data file with what has changed since, both in key order, as one table in key order."""
    later = next(changed, None)
    for row in base:
        while later is not None and later[0] < row[0]:
            if later[1]:
                yield later
            later = next(changed, None)
        if later is not None and later[0] == row[0]:
            if later[1]:
                yield later
            later = next(changed, None)
        else:
            yield row
    while later is not None:
        if later[1]:
            yield later
        later = next(changed, None)
