"""Rows that were set aside: their original bytes, encrypted, with the reason."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from intake.atomic_file import write_private_table
from intake.keys import quarantine_cipher
from intake.lake import HASH_IN_NAME
from intake.ops_records import BatchRecord
from intake.ops_replay import ReplayBook
from intake.paths import DataPaths

_COLUMNS = "columns"
SCHEMA = pa.schema([("row_number", pa.int64()), ("reason", pa.string()), ("original", pa.binary())])


@dataclass(frozen=True)
class QuarantinedRow:
    """One source row. `original` is in clear here and encrypted on disk."""

    row_number: int
    reason: str
    original: bytes


class QuarantineShelf:
    """Collects the quarantined rows of one batch."""

    def __init__(self) -> None:
        self.rows: list[QuarantinedRow] = []
        self.columns: tuple[str, ...] = ()

    @property
    def reasons(self) -> dict[str, int]:
        """Rows by reason."""
        return dict(Counter(row.reason for row in self.rows))

    def write(self, paths: DataPaths, source: str, batch_id: str) -> None:
        """Write the batch's quarantine file, if there is anything to write."""
        if not self.rows:
            return
        _write(paths, quarantine_file(paths, source, batch_id), self.rows, self.columns)


def quarantine_file(paths: DataPaths, source: str, batch_id: str) -> Path:
    """Where the quarantined rows of a batch lie."""
    return paths.quarantine / source / f"{batch_id[:HASH_IN_NAME]}.parquet"


def read_quarantine(paths: DataPaths, source: str, batch_id: str) -> list[QuarantinedRow]:
    """The quarantined rows of a batch in clear, in order of row number; none if the batch had none."""
    file = quarantine_file(paths, source, batch_id)
    if not file.exists():
        return []
    cipher = quarantine_cipher(paths)
    rows = pq.read_table(file, schema=SCHEMA).to_pylist()
    return [QuarantinedRow(row["row_number"], row["reason"], cipher.decrypt(row["original"])) for row in rows]


def open_rows(paths: DataPaths, store: ReplayBook, batch: BatchRecord) -> list[QuarantinedRow]:
    """The rows of a batch that are still set aside; those that were replayed are not, whatever its file holds."""
    replayed = store.replayed_rows(batch.batch_id)
    rows = read_quarantine(paths, batch.source, batch.batch_id)
    return [row for row in rows if row_key(row) not in replayed] if replayed else rows


def row_key(row: QuarantinedRow) -> str:
    """What a quarantined row is known by, wherever it lies in its file."""
    content = f"{row.row_number}|{row.reason}|".encode() + row.original
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def columns_of_quarantine(paths: DataPaths, batch: BatchRecord) -> tuple[str, ...]:
    """The columns of the file that the rows came from; none where they were not kept."""
    file = quarantine_file(paths, batch.source, batch.batch_id)
    metadata = pq.read_schema(file).metadata or {}
    return tuple(json.loads(metadata.get(_COLUMNS.encode(), b"[]")))


def keep_only(paths: DataPaths, batch: BatchRecord, rows: Sequence[QuarantinedRow]) -> None:
    """Take all other rows out of a batch's quarantine file; without any the file goes too."""
    file = quarantine_file(paths, batch.source, batch.batch_id)
    if rows:
        _write(paths, file, rows, columns_of_quarantine(paths, batch))
    else:
        file.unlink(missing_ok=True)


def _write(paths: DataPaths, file: Path, rows: Sequence[QuarantinedRow], columns: Sequence[str]) -> None:
    cipher = quarantine_cipher(paths)
    ordered = sorted(rows, key=lambda row: row.row_number)
    table = pa.table(
        {
            "row_number": [row.row_number for row in ordered],
            "reason": [row.reason for row in ordered],
            "original": [cipher.encrypt(row.original) for row in ordered],
        },
        schema=SCHEMA.with_metadata({_COLUMNS: json.dumps(list(columns))}),
    )
    write_private_table(table, file)
