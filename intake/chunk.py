"""A chunk of source rows, and the malformed ones that never became rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np
import pyarrow as pa

from intake.contract import SourceContract
from intake.json_record import record_of
from intake.log_line import payload
from intake.nested import decoded
from intake.values import Whole, plain_objects


class UnreadableInputError(ValueError):
    """A file that cannot be read at all; the message is one line."""


@dataclass(frozen=True)
class Malformed:
    """A record that could not be parsed, with its original bytes. Row numbers count from 1."""

    row_number: int
    reason: str
    original: bytes


@dataclass(frozen=True)
class Chunk:
    """Parsed rows, their numbers in the file (from 1), and the records that could not be parsed.

    Attributes:
        lines: what each row was, where the file has lines.
        source: the rows as they stand in the file, all columns, where it has none.
        unmapped: columns of `table` that are new to the source and go into `properties.unmapped`.
        names: all columns of the file, also those that were not read.
        elements: for rows that were elements of the array `unnested`: each one's place in it.
    """

    table: pa.Table
    row_numbers: Whole
    malformed: tuple[Malformed, ...] = ()
    lines: Sequence[bytes] | None = None
    source: pa.Table | None = None
    unmapped: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    elements: Whole | None = None
    unnested: str = ""

    @property
    def rows_read(self) -> int:
        """Source rows, malformed ones included."""
        return int(self.table.num_rows) + len(self.malformed)

    def with_table(self, table: pa.Table) -> Chunk:
        """The same rows with other columns."""
        return replace(self, table=table)

    def originals(self, rows: Whole) -> list[bytes]:
        """What the source said in these rows: the line where there is one, else the row as JSON."""
        if self.lines is not None:
            return [self._line(row) for row in rows.tolist()]
        picked = (self.table if self.source is None else self.source).take(pa.array(rows))
        columns = [plain_objects(column) for column in picked.columns]
        records = (dict(zip(picked.column_names, row, strict=True)) for row in zip(*columns, strict=True))
        return [msgspec.json.encode(record, enc_hook=str) for record in records]

    def taken(self, table: pa.Table, rows: Whole) -> Chunk:
        """Other rows: `table` holds what becomes of them, `rows` says which of these rows each was."""
        return replace(
            self,
            table=table,
            row_numbers=self.row_numbers[rows],
            lines=None if self.lines is None else [self.lines[row] for row in rows.tolist()],
            source=None if self.source is None else self.source.take(pa.array(rows)),
            elements=None if self.elements is None else self.elements[rows],
        )

    def _line(self, row: int) -> bytes:
        """The line; of a row that was one of several in it, the line with that one alone."""
        line = (self.lines or ())[row].rstrip(b"\r\n")
        if self.elements is None:
            return line
        record = record_of(payload(line))
        array = decoded(record.get(self.unnested))
        return msgspec.json.encode({**record, self.unnested: [array[int(self.elements[row])]]})


def one_chunk(chunks: Iterable[Chunk], contract: SourceContract) -> Chunk | None:
    """All chunks as one, which grouping needs: a group's rows may lie anywhere in the file."""
    every = list(chunks)
    if len(every) < 2:
        return every[0] if every else None
    lines = [line for chunk in every for line in chunk.lines or ()] if contract.format == "jsonl" else None
    sources = [chunk.source for chunk in every if chunk.source is not None]
    elements = [chunk.elements for chunk in every if chunk.elements is not None]
    return Chunk(
        pa.concat_tables([chunk.table for chunk in every], promote_options="permissive"),
        np.concatenate([chunk.row_numbers for chunk in every]),
        tuple(record for chunk in every for record in chunk.malformed),
        lines,
        pa.concat_tables(sources, promote_options="permissive") if sources else None,
        tuple(dict.fromkeys(name for chunk in every for name in chunk.unmapped)),
        elements=np.concatenate(elements) if elements else None,
        unnested=every[0].unnested,
    )
