"""What logged decisions read of a snapshot, kept as a small snapshot of its own when the version goes."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lmdb
import msgspec

from serving.experiments.learned import write_learned
from serving.live import LiveSnapshot
from serving.replay.again import NotReplayableError, context_of, replay
from serving.replay.rows_read import UNFINISHED, RowsRead
from serving.snapshot.building import building, data_checks, write_manifest
from serving.snapshot.environment import open_for_writing
from serving.snapshot.manifest import as_whole
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import TABLES

_WHOLE = ("decision", "content")
"""Tables without which nothing can be decided; the others are kept row by row."""


class RecordingReader(SnapshotReader):
    """A reader that notes every row it gives."""

    def __init__(self, folder: Path, given: RowsRead) -> None:
        self._given = given
        super().__init__(folder)

    def _get(self, table: str, key: bytes) -> Any:
        found = super()._get(table, key)
        if found is not None and table not in _WHOLE:
            self._given.note(table, bytes(key), bytes(found))
        return found


@dataclass
class Kept:
    """One version kept: decisions made again, how many of them came out otherwise, and rows by table."""

    version: str
    decisions: int = 0
    differing: int = 0
    skipped: int = 0
    rows: dict[str, int] = field(default_factory=dict)


def keep(folder: Path, root: Path, lines: Iterable[bytes]) -> Kept:
    """Make every logged decision of a version again and write the rows that were read under `root/<version>`.

    Nothing is written when no decision can be made again. A version that stands there already is written again.

    Raises:
        SnapshotError: the version cannot be read by this program.
        OSError: there is no room.
    """
    kept = Kept(folder.name)
    for left in root.glob(f"{UNFINISHED}*"):
        # Of a run that was killed; one lets versions go at a time.
        shutil.rmtree(left, ignore_errors=True)
    try:
        with closing(RowsRead(root)) as given, closing(LiveSnapshot(reader := RecordingReader(folder, given))) as live:
            for line in lines:
                _again(live, line, kept)
            if kept.decisions:
                kept.rows = _write(root, reader, given)
    except (lmdb.DiskError, lmdb.MapFullError) as error:
        raise OSError(errno.ENOSPC, str(error)) from error
    return kept


def _again(live: LiveSnapshot, line: bytes, kept: Kept) -> None:
    try:
        result = replay(live, line)
    except (NotReplayableError, KeyError):
        kept.skipped += 1
        return
    # Another candidate's rules may ask for products of which those of then asked nothing.
    for product_id in context_of(line).products():
        live.reader.product(product_id)
    kept.decisions += 1
    kept.differing += not result.identical


def _write(root: Path, reader: SnapshotReader, given: RowsRead) -> dict[str, int]:
    with building(root, reader.version, replaces=True) as folder:
        counts = _write_tables(folder, reader, given)
        write_learned(folder, reader.learned)
        manifest = as_whole(reader.manifest)
        write_manifest(folder, msgspec.structs.replace(manifest, counts=counts, files=data_checks(folder)))
    return counts


def _write_tables(folder: Path, reader: SnapshotReader, given: RowsRead) -> dict[str, int]:
    counts = {}
    with closing(open_for_writing(folder)) as environment:
        for table in TABLES:
            rows = reader.stream(table) if table in _WHOLE else given.in_order(table)
            database = environment.open_db(table.encode())
            with environment.begin(write=True, db=database) as transaction:
                _, counts[table] = transaction.cursor().putmulti(rows, append=True)
        environment.sync(True)
    (folder / "lock.mdb").unlink(missing_ok=True)
    return counts
