"""Clocks in the wrong zone: a day's hours look like those of other days, some hours off."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.watch.bounds import Bounds
from ml.watch.oddity import TREND_DAYS, Oddity, TrendPoint
from ml.watch.table import day_table

Floats = npt.NDArray[np.float64]
HOURS = 24
LEAST_EVENTS = 100
# One hour is what summer time does twice a year.
LEAST_HOURS = 2
# The distance (half the sum of absolute differences of shares) that is left after turning the clock back must be
# less than half of the distance before, or the day is odd in another way.
EXPLAINED = 0.5
LEAST_DISTANCE = 0.15
OWN_SCATTER = 1.5


def clock_oddities(rows: pd.DataFrame, source: str, judged: Collection[date], bounds: Bounds) -> list[Oddity]:
    """Days whose hours fit the days before far better when they are turned by two hours or more.

    Args:
        rows: event_date, value (hour 0-23, the shop's time), events of one source.
        source: its name.
        judged: days that may be reported.
        bounds: thresholds.
    """
    days, shares = hourly_shares(rows)
    found = []
    for place, day in enumerate(days):
        if day not in judged or day in bounds.quiet_days:
            continue
        before = [at for at in range(place) if (day - days[at]).days <= bounds.history_days]
        if len(before) < bounds.minimum_history_days:
            continue
        usual = np.median(shares[before], axis=0)
        usual = usual / usual.sum() if usual.sum() else np.full(HOURS, 1 / HOURS)
        distances = np.abs(shares[[*before, place]] - usual).sum(axis=1) / 2
        bound = max(LEAST_DISTANCE, OWN_SCATTER * float(np.quantile(distances[:-1], 0.95)))
        hours, left = best_turn(shares[place], usual)
        if distances[-1] > bound and abs(hours) >= LEAST_HOURS and left < EXPLAINED * distances[-1]:
            trend = tuple(
                TrendPoint(days[at], float(distance), 0.0, bound)
                for at, distance in list(zip([*before, place], distances, strict=True))[-TREND_DAYS:]
            )
            found.append(_oddity(source, day, hours, float(distances[-1]), bound, trend))
    return found


def hourly_shares(rows: pd.DataFrame) -> tuple[list[date], Floats]:
    """Days with enough events, and the share of each of their 24 hours."""
    days, hours, known = day_table(rows, least=LEAST_EVENTS)
    counts = np.zeros((len(days), HOURS))
    if days:
        counts[:, [int(hour) for hour in hours]] = known
        counts /= counts.sum(axis=1, keepdims=True)
    return days, counts


def best_turn(shares: Floats, usual: Floats) -> tuple[int, float]:
    """By how many hours (-11 to 12) the day runs ahead of the usual one, and the distance left when turned back."""
    turns = [number if number <= HOURS // 2 else number - HOURS for number in range(HOURS)]
    left = [float(np.abs(np.roll(shares, -turn) - usual).sum() / 2) for turn in turns]
    best = int(np.argmin(left))
    return turns[best], left[best]


def _oddity(source: str, day: date, hours: int, distance: float, bound: float, trend: tuple[TrendPoint, ...]) -> Oddity:
    way = "later" if hours > 0 else "earlier"
    return Oddity(
        source=source,
        day=day,
        kind="clock",
        what=f"times lie about {abs(hours)} hours {way} than on other days, as with a wrong time zone",
        detail=f"{distance:.0%} of the events lie in other hours than usual, at most {bound:.0%} expected",
        observed=distance,
        low=0.0,
        high=bound,
        measure="share",
        trend=trend,
    )
