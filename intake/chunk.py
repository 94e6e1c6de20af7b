"""A chunk of source rows, and the malformed ones that never became rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from intake.contract import SourceContract
from intake.nested import root_of
from intake.values import Whole


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
    """Parsed rows, their numbers in the file (from 1), and the records that could not be parsed."""

    table: pa.Table
    row_numbers: Whole
    malformed: tuple[Malformed, ...] = ()
    lines: Sequence[bytes] | None = None

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
            return [self.lines[row] for row in rows]
        picked = self.table.take(pa.array(rows)).to_pylist()
        return [msgspec.json.encode(row, enc_hook=str) for row in picked]


def one_chunk(chunks: Iterable[Chunk], contract: SourceContract) -> Chunk | None:
    """All chunks as one, which grouping needs: a group's rows may lie anywhere in the file."""
    every = list(chunks)
    if len(every) < 2:
        return every[0] if every else None
    lines = [line for chunk in every for line in chunk.lines or ()] if contract.format == "jsonl" else None
    return Chunk(
        pa.concat_tables([chunk.table for chunk in every], promote_options="permissive"),
        np.concatenate([chunk.row_numbers for chunk in every]),
        tuple(record for chunk in every for record in chunk.malformed),
        lines,
    )


def names_read(contract: SourceContract) -> set[str]:
    """Every name or path that the contract or its aliases read."""
    aliases = {alias for names in contract.aliases.values() for alias in names}
    return contract.source_columns() | aliases | ({contract.unnest} if contract.unnest else set())


def wanted_columns(contract: SourceContract, available: Sequence[str], file: Path) -> list[str]:
    """The columns to read of a file with a fixed set of columns.

    Raises:
        UnreadableInputError: a column that the contract names is missing and neither optional nor aliased.
    """
    joined = set(contract.join.columns if contract.join else ())
    present = set(available)
    for name in sorted(contract.source_columns() - joined - set(contract.optional)):
        if not present.intersection((name, root_of(name), *contract.aliases.get(name, ()))):
            have = ", ".join(list(available)[:12])
            raise UnreadableInputError(f"{file}: wrong header: column {name!r} is missing (the file has: {have})")
    if contract.properties == "rest":
        return list(available)
    read = names_read(contract) - joined
    wanted = read | {root_of(name) for name in read} | set(contract.join.keys if contract.join else ())
    return [name for name in available if name in wanted]
