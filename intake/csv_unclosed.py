"""Reads a CSV file of which a quote mark is never closed: its line is taken out, and the rows behind it are rows."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import IO

import numpy as np
import pyarrow as pa

from intake.chunk import Chunk, Malformed
from intake.csv_quotes import REASON
from intake.values import Whole

LONGEST_CELL = 1 << 20
"""Bytes of a row of several lines; a quote mark that is open for longer is taken for one that nothing closes."""

_QUOTE = b'"'
_PIECE_BYTES = 1 << 20


class Closed(io.RawIOBase):
    """The content without the lines that open a quote mark which nothing closes; `found` has these.

    Args:
        above: lines above the header or the rows, which may hold any marks.
    """

    def __init__(self, content: IO[bytes], delimiter: str, above: int) -> None:
        self.found: list[Malformed] = []
        self._content, self._delimiter, self._above = content, delimiter.encode(), above
        self._pieces, self._pending = self._joined(), b""

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill the buffer as far as the next piece goes; 0 at the end."""
        self._pending = self._pending or next(self._pieces, b"")
        taken = min(len(buffer), len(self._pending))
        buffer[:taken], self._pending = self._pending[:taken], self._pending[taken:]
        return taken

    def _joined(self) -> Iterator[bytes]:
        kept, size = list[bytes](), 0
        for rows in self._rows():
            kept.append(rows)
            size += len(rows)
            if size >= _PIECE_BYTES:
                yield b"".join(kept)
                kept, size = [], 0
        yield b"".join(kept)

    def _rows(self) -> Iterator[bytes]:
        """Rows of one or several lines, numbered as the reader numbers them: without blank lines."""
        number, ahead = self._above, deque[bytes]()
        yield from (self._content.readline() for _ in range(self._above))
        while line := self._next(ahead):
            number += bool(line.strip())
            lines, is_open = [line], _QUOTE in line and left_open(line, self._delimiter)
            size = len(line)
            while is_open and size <= LONGEST_CELL and (more := self._next(ahead)):
                lines.append(more)
                size += len(more)
                is_open = _QUOTE not in more or left_open(more, self._delimiter, is_open=True)
            if is_open:
                self.found.append(Malformed(number, REASON, line.rstrip(b"\r\n")))
                ahead.extendleft(reversed(lines[1:]))
            else:
                yield b"".join(lines)

    def _next(self, ahead: deque[bytes]) -> bytes:
        return ahead.popleft() if ahead else self._content.readline(LONGEST_CELL)


def left_open(text: bytes, delimiter: bytes, *, is_open: bool = False) -> bool:
    """Whether a quote mark is open at the end of the text, which begins with a cell or, where `is_open`, within one."""
    place, opening = 0, delimiter + _QUOTE
    if not is_open and text.startswith(_QUOTE):
        place, is_open = 1, True
    while True:
        if is_open:
            place = text.find(_QUOTE, place)
            if place < 0:
                return True
            is_open = text[place + 1 : place + 2] == _QUOTE
            place += 2 if is_open else 1
        else:
            place = text.find(opening, place)
            if place < 0:
                return False
            place, is_open = place + len(opening), True


def in_file(chunk: Chunk, lines: list[Malformed]) -> Chunk:
    """The chunk with the numbers that its rows have in the file, where these lines stand as well."""
    before = np.array([line.row_number for line in lines], dtype=np.int64) - np.arange(len(lines))

    def number_of(number: Whole) -> Whole:
        return number + np.searchsorted(before, number, side="right")

    aside = [replace(row, row_number=int(number_of(np.array(row.row_number)))) for row in chunk.malformed]
    return replace(chunk, row_numbers=number_of(chunk.row_numbers), malformed=tuple(aside))


def behind(last: int, chunk: Chunk) -> Chunk:
    """The part of a chunk whose numbers come after this one."""
    malformed = tuple(row for row in chunk.malformed if row.row_number > last)
    rows = np.flatnonzero(chunk.row_numbers > last)
    return replace(chunk.taken(chunk.table.take(pa.array(rows)), rows), malformed=malformed)
