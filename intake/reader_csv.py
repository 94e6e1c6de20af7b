"""CSV input, plain or compressed: every column is read as text, so that nothing is guessed away."""

from __future__ import annotations

import csv
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from intake.chunk import Chunk, Malformed, UnreadableInputError
from intake.compressed import opened
from intake.contract import SourceContract
from intake.legible import legible
from intake.source_columns import ColumnWatch
from intake.values import Whole
from intake.wanted_columns import wanted_columns

_BLOCK_BYTES = 8 << 20


def read_csv(contract: SourceContract, file: Path, rows: int, watch: ColumnWatch | None = None) -> Iterator[Chunk]:
    """Chunks of a block each; `rows` is not used because blocks are cut by bytes."""
    del rows
    names = _header(contract, file)
    if not names:
        return
    columns = wanted_columns(contract, names, file, watch)
    malformed: list[Malformed] = []

    def set_aside(row: Any) -> str:
        malformed.append(Malformed(int(row.number or 0), "malformed_record", str(row.text).encode()))
        return "skip"

    with opened(file) as handle:
        reader = pa_csv.open_csv(
            handle,
            pa_csv.ReadOptions(
                use_threads=False, block_size=_BLOCK_BYTES, encoding=contract.encoding, column_names=contract.header
            ),
            pa_csv.ParseOptions(
                delimiter=contract.delimiter,
                quote_char='"' if contract.quoting else False,
                newlines_in_values=contract.quoting,
                invalid_row_handler=set_aside,
            ),
            pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False,
                check_utf8=False,
            ),
        )  # fmt: skip
        # A header is row 1, as editors and pyarrow count.
        last, told = 0 if contract.header else 1, 0
        for batch in reader:
            numbers = _row_numbers(last, batch.num_rows, malformed[told:])
            last = int(numbers[-1]) if len(numbers) else last
            whole = legible(pa.Table.from_batches([batch]))
            told_now = tuple(malformed[told:])
            yield Chunk(whole.select(columns), numbers, told_now, source=whole, names=tuple(names))
            told = len(malformed)
    if malformed[told:]:
        yield Chunk(pa.table({}), np.array([], dtype=np.int64), tuple(malformed[told:]))


def _header(contract: SourceContract, file: Path) -> list[str]:
    if contract.header:
        return list(contract.header)
    with opened(file) as handle:
        line = handle.readline()
    if line.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) and "16" not in contract.encoding:
        raise UnreadableInputError(
            f"{file}: written in UTF-16; the contract says {contract.encoding} (encoding: utf-16)"
        )
    # In UTF-16 the line ends in the middle of a character.
    first = line.decode(contract.encoding, errors="replace").removeprefix("\ufeff").rstrip("\ufffd\r\n")
    names = next(csv.reader([first], delimiter=contract.delimiter), [])
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UnreadableInputError(f"{file}: wrong header: column {twice[0]!r} stands there twice")
    return names


def _row_numbers(last: int, count: int, malformed: list[Malformed]) -> Whole:
    candidates = np.arange(last + 1, last + 1 + count + len(malformed))
    return np.setdiff1d(candidates, [record.row_number for record in malformed])[:count]
