"""Events of a source by day against the same weekday of the weeks before."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from math import exp, inf, log, sqrt

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.watch.bounds import Bounds
from ml.watch.oddity import TREND_DAYS, Kind, Oddity, TrendPoint

Floats = npt.NDArray[np.float64]
# Four robust deviations of the source's own days, or five of a count with that mean, whichever is wider: simulated
# Poisson and real days of the embedded shop exceed neither by chance within a month.
DEVIATIONS, COUNT_DEVIATIONS = 4.0, 5.0
# Of a day's logarithm where the source has too few days to tell.
USUAL_SCATTER = 0.15
LEAST_RESIDUALS = 10
# The level of the last days bends the expectation (season), within these factors.
TREND_LIMIT = 3.0
TREND_BACK = 7
# After two weeks on another level that level is the normal one.
NEW_NORMAL_DAYS = 14
MAD_TO_SD = 1.4826


@dataclass(frozen=True)
class Expected:
    """What a day should bring; `low` and `high` bound what is not news. `centre` is nan where nothing is expected."""

    centre: float
    low: float
    high: float


NOTHING = Expected(float("nan"), 0.0, inf)


def volume_oddities(
    daily: pd.DataFrame, source: str, judged: Collection[date], bounds: Bounds, last: date
) -> list[Oddity]:
    """Silent, low and high days of one source.

    Args:
        daily: event_date and events of the source (days without events may be missing).
        source: its name.
        judged: days that may be reported.
        bounds: thresholds.
        last: the last complete day, up to which missing days count as zero.
    """
    days, counts = dense(daily, last)
    expectations = _expectations(days, counts, bounds)
    found = []
    for place, day in enumerate(days):
        if day in judged and _is_odd(counts[place], expectations[place]):
            found.append(_oddity(source, place, days, counts, expectations))
    return found


def dense(daily: pd.DataFrame, last: date) -> tuple[list[date], Floats]:
    """Every day from the first one with events to `last`, and its events (0 where there are none)."""
    if daily.empty:
        return [], np.zeros(0)
    known = dict(zip(daily["event_date"], daily["events"].astype(float), strict=True))
    first = min(known)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return days, np.array([known.get(day, 0.0) for day in days], dtype=np.float64)


def _expectations(days: list[date], counts: Floats, bounds: Bounds) -> list[Expected]:
    """Day by day, each from the days before it; odd and quiet days are no evidence for later ones."""
    fine = np.array([day not in bounds.quiet_days for day in days], dtype=bool)
    typical = np.full(len(days), np.nan)
    centres = np.full(len(days), np.nan)
    found: list[Expected] = []
    odd_in_a_row = 0
    for place in range(len(days)):
        typical[place] = _same_weekday(counts, fine, place, bounds)
        weeks = len(_weekdays_before(fine, place, bounds))
        centres[place] = (
            typical[place] * _level(counts, typical, fine, place) if weeks >= bounds.minimum_weeks else np.nan
        )
        expected = _expected(counts, centres, fine, place, bounds)
        found.append(expected if days[place] not in bounds.quiet_days else NOTHING)
        odd = _is_odd(counts[place], found[-1])
        fine[place] &= not odd
        odd_in_a_row = odd_in_a_row + 1 if odd else 0
        if odd_in_a_row == NEW_NORMAL_DAYS:
            fine[place + 1 - NEW_NORMAL_DAYS : place + 1] = True
            odd_in_a_row = 0
    return found


def _same_weekday(counts: Floats, fine: npt.NDArray[np.bool_], place: int, bounds: Bounds) -> float:
    values = counts[_weekdays_before(fine, place, bounds)]
    return float(np.median(values)) if len(values) else float("nan")


def _weekdays_before(fine: npt.NDArray[np.bool_], place: int, bounds: Bounds) -> npt.NDArray[np.int64]:
    places = np.arange(place - 7, max(-1, place - 7 * bounds.history_weeks - 1), -7)
    return places[fine[places]]


def _level(counts: Floats, typical: Floats, fine: npt.NDArray[np.bool_], place: int) -> float:
    """How the last week stands to its own same weekdays: above 1 while the season rises."""
    back = slice(max(0, place - TREND_BACK), place)
    usable = fine[back] & (typical[back] > 0)
    if usable.sum() < 3:
        return 1.0
    ratio = float(np.median(counts[back][usable] / typical[back][usable]))
    return min(max(ratio, 1 / TREND_LIMIT), TREND_LIMIT)


def _expected(counts: Floats, centres: Floats, fine: npt.NDArray[np.bool_], place: int, bounds: Bounds) -> Expected:
    centre = float(centres[place])
    if not centre >= bounds.minimum_events:
        return NOTHING
    back = slice(max(0, place - bounds.history_days), place)
    # A day without any event tells nothing of how far the others scatter: its logarithm is as far off as one likes.
    usable = fine[back] & (centres[back] > 0) & (counts[back] > 0)
    residuals = np.log((counts[back][usable] + 1) / (centres[back][usable] + 1))
    scatter = USUAL_SCATTER
    if len(residuals) >= LEAST_RESIDUALS:
        scatter = MAD_TO_SD * float(np.median(np.abs(residuals - np.median(residuals))))
    room = max(log(bounds.volume_factor), DEVIATIONS * scatter)
    chance = COUNT_DEVIATIONS * sqrt(centre)
    low, high = min(centre * exp(-room), centre - chance), max(centre * exp(room), centre + chance)
    always = bool((counts[_weekdays_before(fine, place, bounds)] > 0).all())
    # No event at all is news wherever the weekday always had some and even a poor day would have one.
    return Expected(centre, max(low, 1.0 if always and centre * exp(-room) >= 1 else 0.0), high)


def _is_odd(count: float, expected: Expected) -> bool:
    return bool(count < expected.low or count > expected.high)


def _oddity(source: str, place: int, days: list[date], counts: Floats, expectations: list[Expected]) -> Oddity:
    count, expected = counts[place], expectations[place]
    usual = f"{expected.centre:,.0f} expected ({expected.low:,.0f} to {_high(expected.high)})"
    kind: Kind
    if count == 0:
        kind, what = "silent", f"silent, no events, {usual}"
    elif count < expected.low:
        kind, what = "volume_low", f"too few events: {count:,.0f}, {usual}"
    else:
        kind, what = "volume_high", f"too many events: {count:,.0f}, {usual}"
    return Oddity(
        source=source,
        day=days[place],
        kind=kind,
        what=what,
        detail=f"{count / expected.centre:.2f} times what the same weekdays of the weeks before and the level of the "
        "last days lead to expect",
        observed=float(count),
        low=expected.low,
        high=expected.high,
        measure="events",
        trend=tuple(
            TrendPoint(days[at], float(counts[at]), *_range(expectations[at]))
            for at in range(max(0, place - TREND_DAYS), place + 1)
        ),
    )


def _range(expected: Expected) -> tuple[float | None, float | None]:
    if np.isnan(expected.centre):
        return None, None
    return expected.low, None if expected.high == inf else expected.high


def _high(value: float) -> str:
    return "any" if value == inf else f"{value:,.0f}"
