"""The head of a CSV file: its column names, and the lines above them that are no rows."""

from __future__ import annotations

import csv
import io
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Sequence
from itertools import chain, count
from pathlib import Path
from typing import Literal, NamedTuple

from intake.chunk import UnreadableInputError
from intake.compressed import opened
from intake.contract import SourceContract
from intake.nested import root_of

_DELIMITER_LINE = re.compile(r"\ufeff?\"?sep=(.)\"?\s*", re.IGNORECASE)
_LONGEST_HEAD = 1 << 20
"""Characters; a file that has no line end in so many is no CSV with a header."""


class CsvHead(NamedTuple):
    """Column names, lines above the header (of a file without one: above the rows), and whether rows follow."""

    names: list[str]
    lines_above: int
    rows_follow: bool


def read_head(contract: SourceContract, file: Path) -> CsvHead:
    """The head of a file as the contract says it is.

    Raises:
        UnreadableInputError: it is written in UTF-16 and the contract says otherwise, or it names a column twice that
            the contract reads.
    """
    with opened(file) as handle:
        start = handle.read(2)
    if _is_utf_16(start) and "16" not in contract.encoding:
        raise UnreadableInputError(
            f"{file}: written in UTF-16; the contract says {contract.encoding} (encoding: utf-16)"
        )
    with opened(file) as handle, io.TextIOWrapper(handle, contract.encoding, errors="replace", newline="") as text:
        above, first = _skipped(text, contract)
        if contract.header or not first:
            return CsvHead(list(contract.header), above, bool(first))
        try:
            lines = chain([first.removeprefix("\ufeff")], text)
            record = next(csv.reader(lines, delimiter=contract.delimiter, quoting=_quotes(contract)), [])
        except csv.Error as error:
            raise UnreadableInputError(f"{file}: wrong header: {error}") from error
        refuse_ambiguous(contract, file, [cell.strip() for cell in record])
        row = text.readline(_LONGEST_HEAD)
        record += [""] * ends_with_a_delimiter(_cells(contract, row), len(record))
        return CsvHead(spelt_as_in(contract, column_names(record)), above, bool(row))


def _cells(contract: SourceContract, row: str) -> list[str]:
    try:
        return next(csv.reader([row], delimiter=contract.delimiter, quoting=_quotes(contract)), [])
    except csv.Error:
        return []


def ends_with_a_delimiter(cells: Sequence[str], columns: int) -> bool:
    """True for a row of which a delimiter stands also behind the last cell, unlike the header."""
    return len(cells) == columns + 1 and not cells[-1].strip()


def column_names(cells: Sequence[str]) -> list[str]:
    """A name of its own for each column: `column_3` where there is none, `price_2` for the second `price`.

    Blanks around a name are none of it, as those around a value.
    """
    return distinct([cell.strip() for cell in cells])


def distinct(given: Sequence[str]) -> list[str]:
    """These names, the later ones of those that stand there twice numbered."""
    names: dict[str, None] = {}
    for place, cell in enumerate(given, start=1):
        name = cell or f"column_{place}"
        if name in names:
            numbered = (f"{name}_{number}" for number in count(2))
            name = next(other for other in numbered if other not in names and other not in given)
        names[name] = None
    return list(names)


def spelt_as_in(contract: SourceContract, names: Iterable[str]) -> list[str]:
    """The names, those that the contract has with blanks around them as it has them."""
    read = _read_by(contract)
    spelt = {name.strip(): name for name in sorted(read) if name != name.strip()}
    return [name if name in read else spelt.get(name, name) for name in names]


def is_no_row(line: str, delimiter: str) -> bool:
    """True for what stands above a header: an empty line, also one of delimiters alone, and Excel's `sep=;`."""
    return bool(_DELIMITER_LINE.fullmatch(line)) or not line.strip("\ufeff \t\r\n" + delimiter)


def _skipped(text: io.TextIOWrapper, contract: SourceContract) -> tuple[int, str]:
    """How many lines stand above the first one that counts, and that line."""
    above = 0
    while line := text.readline(_LONGEST_HEAD):
        told = above < contract.skip_lines
        if not told and (contract.header or not is_no_row(line, contract.delimiter)):
            break
        above += 1
    return above, line


def refuse_ambiguous(contract: SourceContract, file: Path, given: Sequence[str]) -> None:
    """A column that stands there twice is one of two: the contract has to name both, or neither.

    Raises:
        UnreadableInputError: it names one of them.
    """
    read = {name.strip() for name in _read_by(contract)}
    for cell, name in zip(given, distinct(given), strict=True):
        if cell in read and cell != name and name not in read:
            raise UnreadableInputError(
                f"{file}: wrong header: column {cell!r} stands there twice; name the later one {name!r} "
                "(under optional if nothing is to be read from it)"
            )


def _read_by(contract: SourceContract) -> set[str]:
    return {part for name in contract.names_looked_up() for part in (name, root_of(name))}


def _quotes(contract: SourceContract) -> Literal[0, 3]:
    return csv.QUOTE_MINIMAL if contract.quoting else csv.QUOTE_NONE


def _is_utf_16(start: bytes) -> bool:
    """By its mark, or by every second byte of plain letters."""
    return start.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or (len(start) == 2 and start.count(0) == 1)
