"""Adds columns from a small reference file that lies beside the input."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from intake.chunk import UnreadableInputError
from intake.compressed import opened
from intake.contract import Join, SourceContract
from intake.csv_head import column_names, is_no_row
from intake.expressions import column_of
from intake.json_record import BYTE_ORDER_MARK
from intake.legible import InUtf8, legible, without_views
from intake.number_style import numeric_columns, plain_columns
from intake.values import as_text, is_valid, without_float_tail

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
        parts = _parts(self.table, join.keys)
        self._exact, self._bare = _joined(parts), _joined([without_float_tail(part) for part in parts])

    def added_to(self, table: pa.Table) -> pa.Table:
        """The table with the reference's columns; rows without a match get nulls, as those without any key."""
        rows = self._rows(_parts(table, self.join.keys))
        for name in self.join.columns:
            column = self.table.column(name).combine_chunks().take(rows)
            table = table.drop_columns([name]) if name in table.column_names else table
            table = table.append_column(name, column)
        return table

    def _rows(self, parts: list[pa.Array]) -> pa.Array:
        """Where in the reference each key stands: as it is written, else as it was before a table of floats."""
        exact = pc.index_in(_joined(parts), value_set=self._exact, skip_nulls=True)
        bare = _joined([without_float_tail(part) for part in parts])
        return pc.coalesce(exact, pc.index_in(bare, value_set=self._bare, skip_nulls=True))


def _read(file: Path, contract: SourceContract, join: Join) -> pa.Table:
    try:
        if file.suffix == ".parquet":
            return legible(without_views(pq.read_table(file)))
        return _csv(file, contract, join)
    except (OSError, UnicodeError, csv.Error, pa.ArrowException) as error:
        reason = " ".join(str(error).split())[:160]
        raise UnreadableInputError(f"{file}: the reference file that is joined cannot be read: {reason}") from error


def _csv(file: Path, contract: SourceContract, join: Join) -> pa.Table:
    """Values as text, as those of the input: a number would lose its leading zeros. Dates in ISO 8601 are dates."""
    with opened(file) as handle, io.BufferedReader(InUtf8(handle, contract.encoding)) as text:
        content = text.read().removeprefix(BYTE_ORDER_MARK)
    lines = io.StringIO(content.decode(), newline="").readlines()
    marks = dict.fromkeys((contract.delimiter, *_DELIMITERS))
    above = next((place for place, line in enumerate(lines) if not is_no_row(line, "".join(marks))), len(lines))
    heads = {mark: column_names(next(csv.reader(lines[above:], delimiter=mark), [])) for mark in marks}
    delimiter, names = max(heads.items(), key=lambda head: len({*join.keys, *join.columns} & {*head[1]}))
    reading = pa_csv.ReadOptions(column_names=names, skip_rows=above, skip_rows_after_names=1)
    parsing = pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    inferred = pa_csv.read_csv(io.BytesIO(content), reading, parsing)
    kinds = {field.name: pa.string() for field in inferred.schema if field.name in join.keys or not _is_day(field.type)}
    return pa_csv.read_csv(io.BytesIO(content), reading, parsing, pa_csv.ConvertOptions(column_types=kinds))


def _is_day(kind: pa.DataType) -> bool:
    """A date or a moment; a time of day alone is text."""
    return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))


def _parts(table: pa.Table, names: tuple[str, ...]) -> list[pa.Array]:
    return [as_text(column_of(table, name)) for name in names]


def _joined(parts: list[pa.Array]) -> pa.Array:
    """The parts of each key as one text, null where all are missing: who has no key has none in common with others."""
    text = pc.binary_join_element_wise(*(pc.fill_null(part, "") for part in parts), _SEPARATOR)
    given = np.logical_or.reduce([is_valid(part) for part in parts])
    return pc.if_else(pa.array(given), text, None)
