"""Reads a sample of a file of which nothing is known: its format, its columns and some thousand of its rows."""

from __future__ import annotations

import csv
import io
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from intake.chunk import UnreadableInputError
from intake.compressed import opened
from intake.csv_head import column_names, distinct, ends_with_a_delimiter, is_no_row
from intake.json_record import BYTE_ORDER_MARK, objects_in, record_of
from intake.values import plain_objects

ROWS = 20_000
_HEAD_BYTES = 4 << 20
_DELIMITERS = ",;\t|"
_ENCODINGS = ("utf8", "cp1252", "latin1")
_MOST_ABOVE = 20
_TOTAL = re.compile(
    r"(?:grand ?)?(?:total|totals|summe|gesamt|gesamtsumme|somme|totale|totaal|suma)\b:?", re.IGNORECASE
)


@dataclass(frozen=True)
class Sample:
    """Rows of a file as flat records.

    Attributes:
        columns: values by column name, or by path into objects (`user.id`); None where a row has none.
        arrays: columns that hold arrays of objects, with all their elements.
        skip_lines: lines of a CSV file above its header that are no rows.
        types: arrow types of a parquet file's columns.
    """

    format: Literal["csv", "jsonl", "parquet"]
    rows: int
    columns: dict[str, list[Any]]
    arrays: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    delimiter: str = ","
    encoding: str = "utf8"
    header: tuple[str, ...] = ()
    skip_lines: int = 0
    types: dict[str, pa.DataType] = field(default_factory=dict)


def read_sample(file: Path) -> Sample:
    """Read at most `ROWS` rows.

    Raises:
        UnreadableInputError: the file is none of CSV, JSON lines and parquet, or has no rows.
    """
    try:
        with file.open("rb") as handle:
            first = handle.read(4)
        if first == b"PAR1":
            return _parquet(file)
        with opened(file) as stream:
            head = stream.read(_HEAD_BYTES)
    except OSError as error:
        raise UnreadableInputError(f"{file}: cannot be read: {error.strerror or error}") from error
    except pa.ArrowException as error:
        raise UnreadableInputError(f"{file}: cannot be read: {' '.join(str(error).split())[:160]}") from error
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if not start:
        raise UnreadableInputError(f"{file}: no rows in it")
    if start in (b"{", b"["):
        return _jsonl(file, head)
    if head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) and head[2:4].strip(b"\0") == b"{":
        raise UnreadableInputError(f"{file}: JSON lines in UTF-16; they are UTF-8 (iconv -f utf-16 -t utf-8)")
    return _csv(file, head)


def _parquet(file: Path) -> Sample:
    with pq.ParquetFile(file) as source:
        table = next(source.iter_batches(batch_size=ROWS), None)
    if table is None or not table.num_rows:
        raise UnreadableInputError(f"{file}: no rows in it")
    names = distinct(table.schema.names)
    types = dict(zip(names, table.schema.types, strict=True))
    rows = zip(*(plain_objects(column) for column in table.columns), strict=True)
    columns, arrays = _flat([dict(zip(names, row, strict=True)) for row in rows])
    return Sample("parquet", table.num_rows, columns, arrays, types=types)


def _jsonl(file: Path, head: bytes) -> Sample:
    records = []
    lines = _whole_lines(head.removeprefix(BYTE_ORDER_MARK))
    first = next((line for line in lines if line.strip()), b"")
    if first.startswith(b"[") and objects_in(first) == [first]:
        raise UnreadableInputError(f"{file}: one JSON array over several lines; write one object a line (jq -c '.[]')")
    for line in islice(chain.from_iterable(map(objects_in, lines)), ROWS):
        try:
            records.append(record_of(line))
        except (ValueError, RecursionError):
            continue
    if not records:
        raise UnreadableInputError(f"{file}: looks like JSON, but no line of it is an object of its own")
    columns, arrays = _flat(records)
    return Sample("jsonl", len(records), columns, arrays)


def _csv(file: Path, head: bytes) -> Sample:
    encoding = _encoding(head)
    text = head.decode(encoding, errors="replace").removeprefix("\ufeff")
    lines = io.StringIO(text, newline="").readlines()
    lines = lines[:-1] if len(head) == _HEAD_BYTES else lines
    csv.field_size_limit(_HEAD_BYTES)
    try:
        skipped, delimiter = _start(lines)
        rows = list(islice(csv.reader(lines[skipped:], delimiter=delimiter), ROWS + 1))
    except csv.Error as error:
        raise UnreadableInputError(f"{file}: cannot be read as CSV: {error}") from error
    rows = [row for row in rows if row] or [[]]
    named = not any(_looks_like_data(name) for name in rows[0])
    names = column_names(rows[0]) if named else [f"column_{number}" for number in range(1, len(rows[0]) + 1)]
    rows = [row[:-1] if ends_with_a_delimiter(row, len(names)) else row for row in rows]
    # Files that were put one behind the other have their header in between.
    body = [row for row in rows if len(row) == len(names) and not (named and row == rows[0])]
    body = _without_total(body)
    if not body or len(names) < 2:
        raise UnreadableInputError(f"{file}: no rows of two or more columns, separated by one of , ; tab |")
    columns: dict[str, list[Any]] = {
        name: [row[place].strip() or None for row in body] for place, name in enumerate(names)
    }
    # Empty lines and Excel's sep= above a header are known for what they are.
    above = 0 if named and all(is_no_row(line, delimiter) for line in lines[:skipped]) else skipped
    return Sample("csv", len(body), columns, {}, delimiter, encoding, () if named else tuple(names), above)


def _encoding(head: bytes) -> str:
    if head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return "utf-16"
    for zero, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if head[zero:400:2].count(0) > 0.8 * len(head[zero:400:2]):
            return name
    return next(name for name in _ENCODINGS if _decodes(head, name))


def _start(lines: list[str]) -> tuple[int, str]:
    """How many lines stand above the header or the first row, and the delimiter.

    It is the first line that has as many filled fields as most of the lines below it have fields.
    """
    best = max(_DELIMITERS, key=lambda mark: _fit(lines, mark))
    for skipped, line in enumerate(lines[:_MOST_ABOVE]):
        mark = max(_DELIMITERS, key=lambda mark: _fit(lines[skipped:], mark))
        cells = next(csv.reader([line], delimiter=mark), [])
        filled = sum(bool(cell.strip()) for cell in cells)
        if _fit(lines[skipped:], mark)[0] > 0.5 and 2 * filled > len(cells) and not is_no_row(line, mark):
            return skipped, mark
    return 0, best


def _without_total(rows: list[list[str]]) -> list[list[str]]:
    """The rows without a line of totals at the end, which is no row of the kind of the others."""
    return rows[:-1] if len(rows) > 1 and any(_TOTAL.match(cell.strip()) for cell in rows[-1]) else rows


def _whole_lines(head: bytes) -> list[bytes]:
    lines = head.splitlines()
    return lines[:-1] if len(head) == _HEAD_BYTES else lines


def _decodes(head: bytes, encoding: str) -> bool:
    try:
        head[: head.rfind(b"\n") + 1 or None].decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _fit(lines: list[str], delimiter: str) -> tuple[float, int]:
    """Share of lines with as many fields as the first, and how many those are."""
    rows = list(csv.reader(lines[:200], delimiter=delimiter))
    width = len(rows[0]) if rows else 0
    if width < 2:
        return 0.0, 0
    return sum(len(row) == width or ends_with_a_delimiter(row, width) for row in rows) / len(rows), width


def _looks_like_data(name: str) -> bool:
    return name.replace(".", "").replace("-", "").replace(":", "").isdigit() or "@" in name


def _flat(records: list[dict[str, Any]]) -> tuple[dict[str, list[Any]], dict[str, list[dict[str, Any]]]]:
    columns: dict[str, list[Any]] = {}
    arrays: dict[str, list[dict[str, Any]]] = {}
    for place, record in enumerate(records):
        for name, value in _leaves(record, ""):
            if isinstance(value, list):
                arrays.setdefault(name, []).extend(element for element in value if isinstance(element, dict))
                continue
            columns.setdefault(name, [None] * len(records))[place] = value if value != "" else None
    return columns, {name: elements for name, elements in arrays.items() if elements}


def flat_records(records: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """The values of each path in these records, None where one has none; arrays are left out."""
    return _flat(records)[0]


def _leaves(record: dict[str, Any], prefix: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in record.items():
        path = f"{prefix}{name}"
        found += _leaves(value, f"{path}.") if isinstance(value, dict) else [(path, value)]
    return found
