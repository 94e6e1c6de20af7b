"""Rows that were set aside: their original bytes, encrypted, with the reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from intake.atomic_file import write_private_table
from intake.keys import quarantine_cipher
from intake.lake import HASH_IN_NAME
from intake.paths import DataPaths

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

    @property
    def reasons(self) -> dict[str, int]:
        """Rows by reason."""
        return dict(Counter(row.reason for row in self.rows))

    def write(self, paths: DataPaths, source: str, batch_id: str) -> None:
        """Write the batch's quarantine file, if there is anything to write."""
        if not self.rows:
            return
        cipher = quarantine_cipher(paths)
        ordered = sorted(self.rows, key=lambda row: row.row_number)
        table = pa.table(
            {
                "row_number": [row.row_number for row in ordered],
                "reason": [row.reason for row in ordered],
                "original": [cipher.encrypt(row.original) for row in ordered],
            },
            schema=SCHEMA,
        )
        write_private_table(table, quarantine_file(paths, source, batch_id))


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
