"""Shares of bad rows by source and day: empty fields, repeated rows, lines and refunds that refer to nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from math import sqrt

import numpy as np
import pandas as pd

from ml.watch.bounds import Bounds
from ml.watch.oddity import TREND_DAYS, Kind, Oddity, TrendPoint

LEAST_ROWS = 20
LEAST_BAD = 5
MAD_TO_SD = 1.4826
DEVIATIONS = 5.0


@dataclass(frozen=True)
class ShareMeasure:
    """What is counted: the kind of its findings, and the sentence with `{bad}` of `{total}` put in."""

    kind: Kind
    sentence: str


def share_oddities(
    rows: pd.DataFrame, source: str, measure: ShareMeasure, judged: Collection[date], bounds: Bounds
) -> list[Oddity]:
    """Days on which the share rose above what the source's days before and chance allow.

    Args:
        rows: event_date, bad, total of one source and measure.
        source: its name.
        measure: how to speak of it.
        judged: days that may be reported.
        bounds: thresholds; the days before the judged one must be enough to know (`Bounds.knows`).
    """
    known = rows[rows["total"] >= LEAST_ROWS].sort_values("event_date", kind="stable")
    days, bad, total = list(known["event_date"]), known["bad"].to_numpy(float), known["total"].to_numpy(float)
    shares = bad / np.maximum(total, 1)
    found = []
    for place, day in enumerate(days):
        if day not in judged or day in bounds.quiet_days:
            continue
        before = [
            at
            for at in range(place)
            if (day - days[at]).days <= bounds.history_days and days[at] not in bounds.quiet_days
        ]
        if not bounds.knows(day, [days[at] for at in before]):
            continue
        high = _bound(shares[before], total[place], bounds)
        if shares[place] > high and bad[place] >= LEAST_BAD:
            usual = float(np.median(shares[before]))
            trend = [TrendPoint(days[at], float(shares[at]), 0.0, high) for at in [*before, place]]
            found.append(_oddity(source, measure, day, bad[place], total[place], usual, high, trend[-TREND_DAYS:]))
    return found


def _bound(history: np.typing.NDArray[np.float64], total: float, bounds: Bounds) -> float:
    middle = float(np.median(history))
    scatter = MAD_TO_SD * float(np.median(np.abs(history - middle)))
    chance = sqrt(max(middle * (1 - middle), 1 / total) / total)
    high = middle + max(bounds.share_change, DEVIATIONS * scatter, DEVIATIONS * chance)
    # Where the share was once as high without news, it is none now; three such days, so that no one fault sets a norm.
    return max(high, float(np.sort(history)[-3]))


def _oddity(
    source: str,
    measure: ShareMeasure,
    day: date,
    bad: float,
    total: float,
    usual: float,
    high: float,
    trend: list[TrendPoint],
) -> Oddity:
    share = bad / total
    return Oddity(
        source=source,
        day=day,
        kind=measure.kind,
        what=f"{measure.sentence}: {share:.0%} of {total:,.0f}, usually {usual:.0%}",
        detail=f"{bad:,.0f} of {total:,.0f} rows; up to {high:.1%} would be no news",
        observed=share,
        low=0.0,
        high=high,
        measure="share",
        trend=tuple(trend),
    )
