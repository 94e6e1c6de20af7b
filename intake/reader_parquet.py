"""Parquet input."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from intake.chunk import Chunk
from intake.contract import SourceContract
from intake.csv_head import distinct, refuse_ambiguous
from intake.legible import legible, without_views
from intake.source_columns import ColumnWatch
from intake.wanted_columns import wanted_columns


def read_parquet(contract: SourceContract, file: Path, rows: int, watch: ColumnWatch | None = None) -> Iterator[Chunk]:
    """All columns, for the originals of rows that are set aside; what is mapped are those that the contract names."""
    with pq.ParquetFile(file) as source:
        given = source.schema_arrow.names
        refuse_ambiguous(contract, file, given)
        names = tuple(distinct(given))
        columns = wanted_columns(contract, names, file, watch)
        first = 1
        for batch in source.iter_batches(batch_size=rows):
            whole = without_views(pa.Table.from_batches([batch]).rename_columns(names))
            numbers = np.arange(first, first + batch.num_rows)
            yield Chunk(legible(whole.select(columns)), numbers, source=whole, names=names)
            first += batch.num_rows
