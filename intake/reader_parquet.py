"""Parquet input."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from intake.chunk import Chunk, wanted_columns
from intake.contract import SourceContract
from intake.legible import legible


def read_parquet(contract: SourceContract, file: Path, rows: int) -> Iterator[Chunk]:
    """Only the columns that the contract names, unless it keeps the rest."""
    with pq.ParquetFile(file) as source:
        columns = wanted_columns(contract, source.schema_arrow.names, file)
        first = 1
        for batch in source.iter_batches(batch_size=rows, columns=columns):
            yield Chunk(legible(pa.Table.from_batches([batch])), np.arange(first, first + batch.num_rows))
            first += batch.num_rows
