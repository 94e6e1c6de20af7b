"""A chunk of source rows, and the malformed ones that never became rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.contract import SourceContract
from intake.values import Whole, flat


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


def wanted_columns(contract: SourceContract, available: Sequence[str], file: Path) -> list[str]:
    """The columns to read of a file with a fixed set of columns.

    Raises:
        UnreadableInputError: a column that the contract names is missing and neither optional nor aliased.
    """
    named = contract.source_columns() - set(contract.join.columns if contract.join else ())
    present = set(available)
    for name in sorted(named - present - set(contract.optional)):
        if not present.intersection(contract.aliases.get(name, ())):
            have = ", ".join(list(available)[:12])
            raise UnreadableInputError(f"{file}: wrong header: column {name!r} is missing (the file has: {have})")
    if contract.properties == "rest":
        return list(available)
    aliases = {alias for names in contract.aliases.values() for alias in names}
    keys = set(contract.join.keys) if contract.join else set()
    return [name for name in available if name in named | aliases | keys]


def with_aliases(table: pa.Table, contract: SourceContract) -> pa.Table:
    """Aliased columns under their canonical name; where both are filled the canonical one wins."""
    for name, aliases in contract.aliases.items():
        found = [alias for alias in aliases if alias in table.column_names]
        if not found:
            continue
        sources = [flat(table.column(column)) for column in ([name] if name in table.column_names else []) + found]
        table = table.drop_columns([*found, *([name] if name in table.column_names else [])])
        table = table.append_column(name, _first_given(sources))
    return table


def _first_given(sources: list[pa.Array]) -> pa.Array:
    if len({source.type for source in sources}) > 1:
        sources = [source.cast(pa.string()) for source in sources]
    return pc.coalesce(*sources)
