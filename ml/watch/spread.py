"""How a source's events divide over types, categories, amounts or hours, against the days before."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from math import log2

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2

from ml.watch.bounds import Bounds
from ml.watch.oddity import TREND_DAYS, Kind, Oddity, TrendPoint
from ml.watch.table import day_table

Floats = npt.NDArray[np.float64]
KINDS: dict[str, Kind] = {"event_type": "mix", "category": "categories", "amount": "amounts"}
# Shares of fewer events are mostly chance; a hundredfold amount shows on ten orders.
LEAST_EVENTS = {"event_type": 50, "category": 50, "amount": 10}
MOST_VALUES = 20
REST = "(others)"
# Half an event stands in for none, so that the index stays finite.
HALF = 0.5
# Twice what the source's own days reach: days without news stay below, whatever their habits.
OWN_SCATTER = 2.0
# Days of a source that chance alone may make news of; the own days say too little about the smallest of a week.
ONE_IN = 100_000
# Steps of the amount's logarithm, base 2, are half steps.
STEPS_A_DOUBLING = 2


@dataclass(frozen=True)
class Spread:
    """Counts of one source: one row a day, one column a value; days with too few events left out."""

    days: list[date]
    values: list[str]
    counts: Floats

    @property
    def shares(self) -> Floats:
        """Share of each value by day; rows add up to 1."""
        return np.asarray((self.counts + HALF) / (self.counts + HALF).sum(axis=1, keepdims=True))


def spread_oddities(
    rows: pd.DataFrame, source: str, dimension: str, judged: Collection[date], bounds: Bounds
) -> list[Oddity]:
    """Days whose population stability index against the median day left what the source's own days reach.

    Args:
        rows: event_date, value, events of one source and dimension.
        source: its name.
        dimension: `event_type`, `category` or `amount` (value: half steps of the logarithm, base 2).
        judged: days that may be reported.
        bounds: thresholds.
    """
    spread = spread_of(rows, LEAST_EVENTS[dimension])
    found = []
    for place, day in enumerate(spread.days):
        if day not in judged or day in bounds.quiet_days:
            continue
        before = _before(spread, place, bounds)
        if not bounds.knows(day, [spread.days[at] for at in before]):
            continue
        usual = np.median(spread.shares[before], axis=0)
        usual = usual / usual.sum()
        indexes = stability(spread.shares[[*before, place]], usual)
        own = OWN_SCATTER * float(np.quantile(indexes[:-1], 0.95))
        bound = max(bounds.mix_index, own, chance(float(spread.counts[place].sum()), usual))
        if indexes[-1] > bound:
            trend = tuple(
                TrendPoint(spread.days[at], float(index), 0.0, bound)
                for at, index in list(zip([*before, place], indexes, strict=True))[-TREND_DAYS:]
            )
            found.append(_oddity(source, dimension, spread, place, usual, float(indexes[-1]), bound, trend))
    return found


def spread_of(rows: pd.DataFrame, least: int) -> Spread:
    """Days by values; the values beyond the 20 commonest are counted together."""
    days, values, counts = day_table(rows, least=least)
    if len(values) <= MOST_VALUES:
        return Spread(days, values, counts)
    order = np.argsort(-counts.sum(axis=0), kind="stable")
    common, rare = order[:MOST_VALUES], order[MOST_VALUES:]
    table = np.column_stack([counts[:, common], counts[:, rare].sum(axis=1)])
    return Spread(days, [*(values[at] for at in common), REST], table)


def stability(shares: Floats, usual: Floats) -> Floats:
    """Population stability index of each row against `usual`: sum of (p - q) ln(p / q)."""
    return np.asarray(((shares - usual) * np.log(shares / usual)).sum(axis=1), dtype=np.float64)


def chance(events: float, usual: Floats) -> float:
    """The index that a day of so many events passes once in `ONE_IN` days, drawn from the usual shares.

    The index times the events is chi-square distributed (Yurdakul 2018, Statistical properties of population stability
    index), of as many values as a day of this size shows; `HALF` an event each draws it down.
    """
    shown = max(float(np.minimum(1.0, events * usual).sum()), 2.0)
    return float(chi2.isf(1 / ONE_IN, shown - 1)) * events / (events + HALF * len(usual)) ** 2


def _before(spread: Spread, place: int, bounds: Bounds) -> list[int]:
    day = spread.days[place]
    return [
        at
        for at in range(place)
        if 0 < (day - spread.days[at]).days <= bounds.history_days and spread.days[at] not in bounds.quiet_days
    ]


def _oddity(
    source: str,
    dimension: str,
    spread: Spread,
    place: int,
    usual: Floats,
    index: float,
    bound: float,
    trend: tuple[TrendPoint, ...],
) -> Oddity:
    kind = KINDS[dimension]
    what = _amounts(spread, place, usual) if kind == "amounts" else _moved(dimension, spread, place, usual)
    detail = f"stability index {index:.2f}, at most {bound:.2f} expected of this source"
    return Oddity(source, spread.days[place], kind, what, detail, index, 0.0, bound, "index", trend)


def _moved(dimension: str, spread: Spread, place: int, usual: Floats) -> str:
    name = {"event_type": "mix of event types", "category": "mix of categories"}[dimension]
    now = spread.counts[place] / spread.counts[place].sum()
    first = np.argsort(-np.abs(now - usual))[:3]
    moved = ", ".join(f"{spread.values[at]} {now[at]:.0%} instead of {usual[at]:.0%}" for at in first)
    return f"{name} shifted: {moved}"


def _amounts(spread: Spread, place: int, usual: Floats) -> str:
    steps = np.array([_step(value) for value in spread.values])
    now = spread.counts[place] / spread.counts[place].sum()
    before, after = _middle(steps, usual), _middle(steps, now)
    factor = 2.0 ** ((after - before) / STEPS_A_DOUBLING)
    return (
        f"amounts moved: the middle one is about {_amount(after):,.2f} instead of {_amount(before):,.2f} "
        f"(times {_times(factor)})"
        if abs(log2(factor)) >= 1
        else "amounts are spread otherwise than before, their middle stayed"
    )


def _times(factor: float) -> str:
    return f"{factor:,.0f}" if factor >= 10 else f"{factor:.2g}"


def _step(value: str) -> float:
    try:
        return float(value)
    except ValueError:  # the rest
        return 0.0


def _middle(steps: Floats, shares: Floats) -> float:
    """The weighted median step, between steps where it lies between."""
    order = np.argsort(steps)
    reached = np.cumsum(shares[order]) - shares[order] / 2
    return float(np.interp(shares.sum() / 2, reached, steps[order]))


def _amount(step: float) -> float:
    return float(2.0 ** ((step + 0.5) / STEPS_A_DOUBLING))
