"""Adds columns from a small reference file that lies beside the input."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from intake.chunk import UnreadableInputError
from intake.compressed import opened
from intake.contract import Join, SourceContract
from intake.expressions import column_of
from intake.json_record import BYTE_ORDER_MARK
from intake.legible import InUtf8
from intake.number_style import numeric_columns, plain_columns
from intake.values import as_text

_SEPARATOR = "\x1f"
_DELIMITERS = (",", ";", "\t", "|")


class Reference:
    """A reference file in memory, found by its key columns."""

    def __init__(self, contract: SourceContract, join: Join, beside: Path) -> None:
        self.join = join
        self.file = beside.parent / join.file
        self.table = plain_columns(_read(self.file, contract, join), numeric_columns(contract), contract.numbers)
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


def _read(file: Path, contract: SourceContract, join: Join) -> pa.Table:
    try:
        return pq.read_table(file) if file.suffix == ".parquet" else _csv(file, contract, join)
    except (OSError, UnicodeError, csv.Error, pa.ArrowException) as error:
        reason = " ".join(str(error).split())[:160]
        raise UnreadableInputError(f"{file}: the reference file that is joined cannot be read: {reason}") from error


def _csv(file: Path, contract: SourceContract, join: Join) -> pa.Table:
    """Values as text, as those of the input: a number would lose its leading zeros. Dates in ISO 8601 are dates."""
    with opened(file) as handle, io.BufferedReader(InUtf8(handle, contract.encoding)) as text:
        content = text.read().removeprefix(BYTE_ORDER_MARK)
    first = content.partition(b"\n")[0].decode().strip("\r")
    wanted = {*join.keys, *join.columns}
    marks = dict.fromkeys((contract.delimiter, *_DELIMITERS))
    delimiter = max(marks, key=lambda mark: len(wanted & set(next(csv.reader([first], delimiter=mark), []))))
    parsing = pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    inferred = pa_csv.read_csv(io.BytesIO(content), parse_options=parsing)
    timed = {field.name for field in inferred.schema if pa.types.is_temporal(field.type)} - set(join.keys)
    kinds = {name: pa.string() for name in inferred.column_names if name not in timed}
    return pa_csv.read_csv(io.BytesIO(content), None, parsing, pa_csv.ConvertOptions(column_types=kinds))


def _keys(table: pa.Table, names: tuple[str, ...]) -> pa.Array:
    parts = [pc.fill_null(as_text(column_of(table, name)), "") for name in names]
    return pc.binary_join_element_wise(*parts, _SEPARATOR)
