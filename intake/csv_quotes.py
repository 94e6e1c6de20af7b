"""Lines of a CSV file that a quote mark swallowed because nothing closes it."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.chunk import Malformed
from intake.values import Whole, flat, mask_of

REASON = "unclosed_quote"
_FEWEST_COLUMNS = 4
"""Lines of narrower files cannot be told from text with commas."""


class Unswallowed(NamedTuple):
    """The rows that are one, their numbers, and the lines that stood in the others."""

    rows: pa.Table
    numbers: Whole
    lines: list[Malformed]


def swallowed_lines(text: str, number: int, delimiter: str, columns: int) -> list[Malformed]:
    """The lines of a record that holds other rows of the file, the first numbered `number`; none of any other record.

    Text of several lines is no fault: they count as rows where half of the further ones have as many delimiters.
    """
    first, *further = text.splitlines() or [""]
    # A comma of prose has a blank behind it.
    like_rows = sum(line.count(delimiter) - line.count(delimiter + " ") >= columns - 1 for line in further)
    if columns < _FEWEST_COLUMNS or not like_rows or 2 * like_rows < sum(bool(line.strip()) for line in further):
        return []
    return [Malformed(number + place, REASON, line.encode()) for place, line in enumerate((first, *further))]


def without_swallowed(rows: pa.Table, numbers: Whole, delimiter: str) -> Unswallowed:
    """Take out the rows of which a cell holds other rows of the file, and give back their lines.

    The rows after such a one are numbered as an editor counts them.
    """
    found: dict[int, list[Malformed]] = {}
    for place in range(rows.num_columns):
        for row in np.flatnonzero(mask_of(pc.match_substring(flat(rows.column(place)), "\n"))).tolist():
            cells = [rows.column(other)[row].as_py() for other in range(rows.num_columns)]
            if swallowed_lines(cells[place], 0, delimiter, rows.num_columns):
                cells[place] = '"' + cells[place]
                text = delimiter.join(cells).rstrip("\r\n")
                found[row] = swallowed_lines(text, int(numbers[row]), delimiter, rows.num_columns)
    if not found:
        return Unswallowed(rows, numbers, [])
    shift = np.zeros(rows.num_rows, dtype=np.int64)
    lines = []
    for row, mine in sorted(found.items()):
        lines += [replace(line, row_number=line.row_number + int(shift[row])) for line in mine]
        shift[row + 1 :] += len(mine) - 1
    kept = np.setdiff1d(np.arange(rows.num_rows), list(found))
    return Unswallowed(rows.take(pa.array(kept)), (numbers + shift)[kept], lines)
