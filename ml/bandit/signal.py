"""Likelihood ratios of a change between two days, for counts and for amounts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import xlogy

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

# A unit says something about a change once it should have had so many events on either side.
LEAST_EVENTS = 1.5


@dataclass(frozen=True)
class Signal:
    """What is watched, in parts that may be added over units.

    Attributes:
        parts: arrays by day before now and unit, each of shape (D, U).
        ratios: twice the log likelihood ratio after each day but the last, and where it means something: (D - 1, U).
        stretch: how much wider than chance it spreads, 1 or more.
    """

    parts: tuple[Floats, ...]
    ratios: Callable[[tuple[Floats, ...]], tuple[Floats, Flags]]
    stretch: float


def counted(events: Floats, expected: Floats) -> Signal:
    """Events against what rates expect that know cell, arm and day, but no change; Poisson."""
    return Signal((events, expected), _poisson_ratios, _overdispersion(events, expected))


def amounts(residuals: Floats, counts: Floats, variances: Floats) -> Signal:
    """Amounts less what their unit's mean makes of their count, with the variance of each sum; normal."""
    return Signal((residuals, counts, counts * variances), _normal_ratios, 1.0)


def _poisson_ratios(parts: tuple[Floats, ...]) -> tuple[Floats, Flags]:
    events, expected = parts
    (young, old), (young_due, old_due) = _split(events), _split(expected)
    told = (young_due >= LEAST_EVENTS) & (old_due >= LEAST_EVENTS)
    young_due, old_due = np.where(told, young_due, 1.0), np.where(told, old_due, 1.0)
    both, both_due = young + old, young_due + old_due
    ratio = xlogy(young, young / young_due) + xlogy(old, old / old_due) - xlogy(both, both / both_due)
    return np.where(told, 2.0 * np.maximum(ratio, 0.0), 0.0), told


def _normal_ratios(parts: tuple[Floats, ...]) -> tuple[Floats, Flags]:
    (young, old), (young_n, old_n), (young_spread, old_spread) = (_split(part) for part in parts)
    # Means of skewed amounts are near normal only once they are of several.
    told = (young_n >= 20 * LEAST_EVENTS) & (old_n >= 20 * LEAST_EVENTS)
    young_n, old_n = np.where(told, young_n, 1.0), np.where(told, old_n, 1.0)
    variance = young_spread / young_n**2 + old_spread / old_n**2
    ratio = (young / young_n - old / old_n) ** 2 / np.where(told, variance, 1.0)
    return np.where(told, ratio, 0.0), told


def _split(part: Floats) -> tuple[Floats, Floats]:
    """Sums up to the end of each day but the last, and of the rest."""
    young = np.cumsum(part, axis=0)[:-1]
    return young, part.sum(axis=0) - young


def _overdispersion(events: Floats, expected: Floats) -> float:
    """How much wider than Poisson days and units spread, 1 to 5."""
    told = expected >= 1.0
    if told.sum() < 10:
        return 1.0
    pearson = (events[told] - expected[told]) ** 2 / expected[told]
    # A change itself must not hide behind the spread that it makes: by the median, which is 0.455 for chi-square(1).
    return float(np.clip(np.median(pearson) / 0.455, 1.0, 5.0))
