"""The source rows of one file, in chunks that mapping can take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from intake.chunk import Chunk, one_chunk
from intake.contract import SourceContract
from intake.join import Reference
from intake.readers import read_chunks
from intake.sealed import Unseal
from intake.source_columns import ColumnWatch
from intake.values import Whole


def input_chunks(
    contract: SourceContract,
    file: Path,
    reference: Reference | None,
    unseal: Unseal,
    watch: ColumnWatch | None = None,
) -> Iterator[Chunk]:
    """Chunks in the order of the file; one for all where rows are grouped, since a group's rows may lie anywhere."""
    chunks: Iterator[Chunk] = iter(read_chunks(contract, file, unseal=unseal, watch=watch))
    if contract.lines and contract.lines.group_by:
        whole = one_chunk(chunks, contract)
        chunks = iter([whole] if whole else [])
    for chunk in chunks:
        yield chunk if reference is None else chunk.with_table(reference.added_to(chunk.table))


def rows_at(chunks: Iterator[Chunk], positions: Whole) -> list[tuple[int, bytes]]:
    """Row number and original of the parsed rows at these positions, counted from 0 over all chunks."""
    found: list[tuple[int, bytes]] = []
    wanted, first = np.sort(positions), 0
    for chunk in chunks:
        rows = wanted[(wanted >= first) & (wanted < first + chunk.table.num_rows)] - first
        found += zip(chunk.row_numbers[rows].tolist(), chunk.originals(rows), strict=True)
        first += chunk.table.num_rows
        if len(found) == len(wanted):
            break
    return found
