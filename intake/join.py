"""Adds columns from a small reference file that lies beside the input."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from intake.chunk import UnreadableInputError
from intake.contract import Join
from intake.expressions import column_of
from intake.values import as_text

_SEPARATOR = "\x1f"


class Reference:
    """A reference file in memory, found by its key columns."""

    def __init__(self, join: Join, beside: Path) -> None:
        self.join = join
        self.file = beside.parent / join.file
        self.table = _read(self.file)
        missing = sorted({*join.keys, *join.columns} - set(self.table.column_names))
        if missing:
            raise UnreadableInputError(f"{self.file}: wrong header: column {missing[0]!r}, which is joined, is missing")
        self._keys = _keys(self.table, join.keys)

    def added_to(self, table: pa.Table) -> pa.Table:
        """The table with the reference's columns; rows without a match get nulls."""
        rows = pc.index_in(_keys(table, self.join.keys), value_set=self._keys)
        for name in self.join.columns:
            column = self.table.column(name).combine_chunks().take(rows)
            table = table.drop_columns([name]) if name in table.column_names else table
            table = table.append_column(name, column)
        return table


def _read(file: Path) -> pa.Table:
    try:
        return pq.read_table(file) if file.suffix == ".parquet" else pa_csv.read_csv(file)
    except (OSError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())[:160]
        raise UnreadableInputError(f"{file}: the reference file that is joined cannot be read: {reason}") from error


def _keys(table: pa.Table, names: tuple[str, ...]) -> pa.Array:
    parts = [pc.fill_null(as_text(column_of(table, name)), "") for name in names]
    return pc.binary_join_element_wise(*parts, _SEPARATOR)
