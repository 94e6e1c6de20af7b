"""In which notation timestamps are written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from intake.values import EPOCH, EXCEL, as_moments

_DATES = (
    "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d",
    "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d %b %Y", "%d %B %Y", "%b %d, %Y",
    "%B %d, %Y", "%b %d %Y", "%d-%b-%Y", "%d-%b-%y",
)  # fmt: skip
_CLOCKS = ("", " %H:%M:%S", " %H:%M", " %H:%M:%S.%f", " %I:%M:%S %p", " %I:%M %p", " %Hh%M", "T%H:%M:%S", "T%H:%M",
           ", %H:%M", ", %H:%M:%S", " %H:%M:%S %z", " %H:%M:%S%z")  # fmt: skip
_OTHERS = ("%Y%m%d%H%M%S", "%Y%m%dT%H%M%S", "%Y-%m-%d %H:%M:%S UTC", "%a, %d %b %Y %H:%M:%S %z", "%d/%b/%Y:%H:%M:%S %z",
           "%a %b %d %H:%M:%S %Y", "%Y-%m-%d %I:%M:%S %p", "%Y-%m-%d %H.%M.%S")  # fmt: skip
PATTERNS = tuple(day + clock for day in _DATES for clock in _CLOCKS) + _OTHERS
CLOCK_ALONE = ("%H:%M:%S", "%H:%M", "%H.%M", "%I:%M %p")
_DAYS_AS_TEXT = re.compile(r"\d{5}(?:[.,]\d+)?")
_MOST = 0.98
_FIRST, _LAST = datetime(1995, 1, 1, tzinfo=UTC).timestamp(), datetime(2100, 1, 1, tzinfo=UTC).timestamp()
_EXCEL_DAYS = (30_000, 60_000)
"""1982 to 2064; the column's name has to say that it is a time."""
_UNITS = (("s", 1.0), ("ms", 1e3), ("us", 1e6), ("ns", 1e9))


class TimeStyle(NamedTuple):
    """How a column writes timestamps, and what else would fit.

    Attributes:
        pattern: None for ISO 8601, `epoch`, `excel`, or a strptime pattern.
        unit: of numbers.
        rival: another pattern that fits as well (month and day swapped).
    """

    pattern: str | None
    unit: str = "s"
    rival: str | None = None


def time_style(values: Sequence[Any], day_first: bool = True) -> TimeStyle | None:
    """The notation that nearly all values fit; None when they are no timestamps.

    Args:
        day_first: what 03/04 is taken for when both fit.
    """
    given = [value for value in values if value is not None][:2_000]
    if not given or isinstance(given[0], bool):
        return None
    if all(isinstance(value, datetime | date) for value in given):
        return TimeStyle(None)
    if all(isinstance(value, int | float) for value in given):
        numbers = [float(value) for value in given]
        unit = _unit(numbers)
        return TimeStyle(None, unit) if unit else _spreadsheet(numbers)
    words = [str(value).strip() for value in given]
    if all(word.replace(".", "", 1).isdigit() and len(word) >= 10 for word in words):
        unit = _unit([float(word) for word in words])
        if unit:
            return TimeStyle(EPOCH, unit)
    if all(_DAYS_AS_TEXT.fullmatch(word) for word in words):
        return _spreadsheet([float(word.replace(",", ".")) for word in words])
    if all(not any(letter.isdigit() for letter in word) for word in words[:50]):
        return None
    column = pa.array(words, pa.string())
    if all(len(word) >= 8 and "-" in word for word in words[:50]) and _fits(column, None):
        return TimeStyle(None)
    return _by_pattern(column, words, day_first)


def clock_style(values: Sequence[Any]) -> str | None:
    """The pattern of a column that holds the time of day alone."""
    words = [str(value).strip() for value in values if value is not None][:500]
    return next((pattern for pattern in CLOCK_ALONE if words and all(_parses(word, pattern) for word in words)), None)


def _by_pattern(column: pa.Array, words: list[str], day_first: bool) -> TimeStyle | None:
    likely = [
        pattern for pattern in PATTERNS if sum(_parses(word, pattern) for word in words[:20]) >= 0.9 * len(words[:20])
    ]
    fitting = [pattern for pattern in likely if _fits(column, pattern)]
    if not fitting:
        return None
    month_first = [pattern for pattern in fitting if pattern.startswith("%m")]
    other = [pattern for pattern in fitting if not pattern.startswith("%m")]
    chosen, rest = (other, month_first) if (day_first and other) or not month_first else (month_first, other)
    return TimeStyle(chosen[0], rival=rest[0] if rest else None)


def _fits(column: pa.Array, pattern: str | None) -> bool:
    moments = as_moments(column, zone="UTC", unit="s", pattern=pattern)
    seconds = moments.micros[moments.valid] / 1e6
    sane = (seconds > -2.3e9) & (seconds < _LAST)
    return bool(len(column) and sane.sum() >= _MOST * len(column))


def _parses(word: str, pattern: str) -> bool:
    try:
        datetime.strptime(word, pattern)  # noqa: DTZ007
    except ValueError:
        return False
    return True


def _spreadsheet(numbers: list[float]) -> TimeStyle | None:
    return TimeStyle(EXCEL) if all(_EXCEL_DAYS[0] < number < _EXCEL_DAYS[1] for number in numbers) else None


def _unit(numbers: list[float]) -> str | None:
    middle = float(np.median(numbers))
    return next((unit for unit, scale in _UNITS if _FIRST < middle / scale < _LAST), None)
