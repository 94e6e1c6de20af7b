"""What is known of a sample before anything is written."""

from __future__ import annotations

import re
from datetime import date

from intake.contract_faults import NumberStyle
from intake.event import EventType
from intake.inference.draft import Draft
from intake.inference.numbers import number_style
from intake.inference.profile import Column, plain_name, profile
from intake.inference.roles import IDS, Cast, shape_of
from intake.inference.sample import Sample
from intake.inference.times import TimeStyle
from intake.values import EPOCH, EXCEL

_GERMAN = (
    "datum",
    "menge",
    "preis",
    "betrag",
    "kunde",
    "strasse",
    "straße",
    "artikel",
    "beleg",
    "vorname",
    "ort",
    "plz",
)
_MONEY = ("amount", "price", "refund")


class Facts:
    """The columns of a sample and the parts they play, the notation of its times and numbers, and the draft so far."""

    def __init__(self, sample: Sample, name: str, vocabulary: dict[str, EventType], file_day: date) -> None:
        self.sample, self.name, self.vocabulary, self.file_day = sample, name, vocabulary, file_day
        words = [plain_name(column) for column in sample.columns]
        self.german = sum(any(mark in word for word in words) for mark in _GERMAN) >= 2
        self.day_first = self.german or sample.delimiter == ";" or not _is_american(sample)
        self.columns = [profile(column, values, self.day_first) for column, values in sample.columns.items()]
        self.array = max(sample.arrays, key=lambda path: len(sample.arrays[path]), default=None)
        self.shape, self.why = shape_of(self.columns, bool(self.array))
        self.cast, self.draft = Cast(self.columns), Draft()
        self.time, self.style = self._time()
        self.numbers = self._number_style()
        self.emails: list[str] = []
        self.total: Column | None = None

    def _time(self) -> tuple[list[str] | None, TimeStyle | None]:
        timed = [column for column in self.columns if _may_be_time(column)]
        if not timed:
            return None, None
        best = max(timed, key=self._time_rank)
        self.cast.taken.add(best.name)
        clock = next((column for column in self.columns if _may_be_clock(column) and column is not best), None)
        day = _day_pattern(best)
        if clock is not None and best.time is not None and day is not None:
            self.cast.taken.add(clock.name)
            return [best.name, clock.name], TimeStyle(f"{day}.{clock.clock}", rival=best.time.rival)
        return [best.name], best.time

    def _time_rank(self, column: Column) -> tuple[float, float]:
        wanted = ("updated", "created", "occurred") if self.shape == "customers" else ("occurred", "created", "updated")
        score = next((3.0 - place for place, role in enumerate(wanted) if column.is_named(role)), 0.0)
        score -= 4 * column.is_named("received") + 4 * column.is_named("later")
        return column.given / max(len(column.values), 1) > 0.95, score

    def has_zone(self) -> bool:
        """True when the timestamps say their zone themselves."""
        values = [value for value in self.sample.columns[(self.time or [""])[0]] if value is not None][:20]
        texts = [str(value) for value in values if isinstance(value, str)]
        numeric = not texts or any(getattr(value, "tzinfo", None) for value in values)
        return numeric or all(
            text.endswith(("Z", "UTC", "GMT")) or "+" in text[10:] or "-" in text[11:] for text in texts
        )

    def money(self) -> list[Column]:
        """Columns that hold prices, amounts and counts."""
        return [column for column in self.columns if column.number and column.is_named(*_MONEY, "quantity", "discount")]

    def _number_style(self) -> NumberStyle | None:
        words = [value for column in self.money() for value in column.values if isinstance(value, str)]
        elements = self.sample.arrays.get(self.array or "", [])
        words += [value for element in elements for name, value in element.items()
                  if isinstance(value, str) and profile(name, [value], True).is_named(*_MONEY, "quantity")]  # fmt: skip
        return number_style(words)


def _day_pattern(column: Column) -> str | None:
    """The notation of a column of text that holds days without a time of day."""
    if column.time is None or not isinstance(next(iter(column.values), None), str | None):
        return None
    pattern = column.time.pattern or "%Y-%m-%d"
    given = [str(value) for value in column.values[:200] if value is not None]
    whole = pattern in (EPOCH, EXCEL) or "%H" in pattern or "%I" in pattern
    return None if whole or (column.time.pattern is None and any(len(text) != 10 for text in given)) else pattern


def _is_american(sample: Sample) -> bool:
    return any(str(value).startswith("$") for values in sample.columns.values() for value in values[:50])


def _may_be_clock(column: Column) -> bool:
    """A discount of 0.20 fits %H.%M as well as twenty past midnight does."""
    named = re.search(r"time|zeit|uhr|heure|hora|clock|hour", plain_name(column.name))
    return bool(column.clock and not column.time and (named or not column.number))


def _may_be_time(column: Column) -> bool:
    if not column.time or column.is_named("birth_date", "postal_code", "phone"):
        return False
    if column.number and column.time.unit != "s" and not column.is_named("event_id", *IDS):
        return True
    return not column.number or column.is_named("occurred", "updated", "created", "received")
