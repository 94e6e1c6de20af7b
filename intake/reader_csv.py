"""CSV input, plain or compressed: every column is read as text, so that nothing is guessed away."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from intake.chunk import Chunk, Malformed, UnreadableInputError
from intake.compressed import opened
from intake.contract import SourceContract
from intake.csv_head import CsvHead, read_head
from intake.csv_quotes import swallowed_lines, without_swallowed
from intake.csv_unclosed import Closed, behind, in_file
from intake.legible import InUtf8, legible
from intake.source_columns import ColumnWatch
from intake.values import Whole
from intake.wanted_columns import wanted_columns

_BLOCK_BYTES = 8 << 20
_NO_END = "straddling object"


def read_csv(contract: SourceContract, file: Path, rows: int, watch: ColumnWatch | None = None) -> Iterator[Chunk]:
    """Chunks of a block each; `rows` is not used because blocks are cut by bytes.

    Where a row has no end within a block, the file is read on without the lines whose quote mark nothing closes.

    Raises:
        UnreadableInputError: a row is longer than a block, and no quote mark is why.
    """
    del rows
    head = read_head(contract, file)
    if not head.names:
        return
    columns = wanted_columns(contract, head.names, file, watch)
    if not head.rows_follow:
        return
    last = head.lines_above
    try:
        with opened(file) as handle:
            for chunk in _chunks(contract, head, columns, _in_utf8(contract, handle)):
                yield chunk
                last = max([last, *chunk.row_numbers[-1:].tolist(), *(row.row_number for row in chunk.malformed)])
            return
    except pa.ArrowInvalid as error:
        if _NO_END not in str(error):
            raise
        if not contract.quoting:
            raise _too_long(file, last) from error
    try:
        with opened(file) as handle:
            closed = Closed(_in_utf8(contract, handle), contract.delimiter, head.lines_above)
            for chunk in _chunks(contract, head, columns, io.BufferedReader(closed, _BLOCK_BYTES)):
                yield behind(last, in_file(chunk, closed.found))
        yield Chunk(pa.table({}), np.array([], dtype=np.int64), tuple(closed.found))
    except pa.ArrowInvalid as error:
        raise _too_long(file, last) from error


def _too_long(file: Path, last: int) -> UnreadableInputError:
    return UnreadableInputError(f"{file}: row {last + 1} or one behind it is longer than {_BLOCK_BYTES >> 20} MiB")


def _chunks(contract: SourceContract, head: CsvHead, columns: list[str], text: IO[bytes]) -> Iterator[Chunk]:
    malformed: list[Malformed] = []

    def set_aside(row: Any) -> str:
        text, number = str(row.text), int(row.number or 0)
        lines = swallowed_lines(text, number, contract.delimiter, len(head.names)) if contract.quoting else []
        malformed.extend(lines or [Malformed(number, "malformed_record", text.encode())])
        return "skip"

    # A header is the row below the lines above it, as editors and pyarrow count.
    last, told = head.lines_above + (0 if contract.header else 1), 0
    for batch in _batches(contract, head, text, set_aside):
        numbers = _row_numbers(last, batch.num_rows, malformed[told:])
        last = int(numbers[-1]) if len(numbers) else last
        whole = legible(pa.Table.from_batches([batch]))
        told_now = malformed[told:]
        if contract.quoting:
            whole, numbers, lines = without_swallowed(whole, numbers, contract.delimiter)
            last, told_now = last + max(len(lines) - 1, 0), told_now + lines
        yield Chunk(whole.select(columns), numbers, tuple(told_now), source=whole, names=tuple(head.names))
        told = len(malformed)
    if malformed[told:]:
        yield Chunk(pa.table({}), np.array([], dtype=np.int64), tuple(malformed[told:]))


def _in_utf8(contract: SourceContract, handle: IO[bytes]) -> IO[bytes]:
    if codecs.lookup(contract.encoding).name == "utf-8":
        return handle
    return io.BufferedReader(InUtf8(handle, contract.encoding), _BLOCK_BYTES)


def _batches(
    contract: SourceContract, head: CsvHead, text: IO[bytes], set_aside: Callable[[Any], str]
) -> pa_csv.CSVStreamingReader:
    return pa_csv.open_csv(
        text,
        pa_csv.ReadOptions(
            use_threads=False, block_size=_BLOCK_BYTES, column_names=head.names, skip_rows=head.lines_above,
            skip_rows_after_names=0 if contract.header else 1,
        ),
        pa_csv.ParseOptions(
            delimiter=contract.delimiter,
            quote_char='"' if contract.quoting else False,
            newlines_in_values=contract.quoting,
            invalid_row_handler=set_aside,
        ),
        pa_csv.ConvertOptions(
            column_types=dict.fromkeys(head.names, pa.string()), strings_can_be_null=False,
            check_utf8=False,
        ),
    )  # fmt: skip


def _row_numbers(last: int, count: int, malformed: list[Malformed]) -> Whole:
    candidates = np.arange(last + 1, last + 1 + count + len(malformed))
    return np.setdiff1d(candidates, [record.row_number for record in malformed])[:count]
