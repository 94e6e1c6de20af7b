"""Likelihood ratios of a change between two blocks of hours, for counts and for amounts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy.special import xlogy

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

# A unit says something about a change once it should have had so many events on either side.
LEAST_EVENTS = 1.5
# Means of skewed amounts are near normal only once they are of several.
LEAST_AMOUNTS = 30.0
# Information on the advantages that were learned; below it their score is not near normal.
LEAST_INFORMATION = 1.0


@dataclass(frozen=True)
class Signal:
    """What is watched, in parts that may be added over units.

    Attributes:
        parts: arrays by block of hours before now and unit, each of shape (B, U).
        ratios: twice the log likelihood ratio after each block but the last, and where it means something: (B - 1, U).
        stretch: how much wider than chance it spreads, 1 or more.
    """

    parts: tuple[Floats, ...]
    ratios: Callable[[tuple[Floats, ...]], tuple[Floats, Flags]]
    stretch: float


def counted(events: Floats, expected: Floats) -> Signal:
    """Events against what rates expect that know cell, arm and season, but no change; Poisson."""
    return Signal((events, expected), _poisson_ratios, _overdispersion(events, expected))


def amounts(residuals: Floats, counts: Floats, variances: Floats) -> Signal:
    """Amounts less what their unit's mean makes of their count, with the variance of each sum; normal."""
    return Signal((residuals, counts, counts * variances), partial(_normal_ratios, least=LEAST_AMOUNTS), 1.0)


def advantages(events: Floats, expected: Floats, advantage: Floats) -> Signal:
    """How far arms still have the advantages that were learned; a score with one degree of freedom.

    A new taste hits what is shown most, so that it looks like a bad season for everybody. But those lose most whose
    advantage was largest, and arms that were thought poor lose nothing: the slope of events on advantages drops.

    Args:
        events: by block and unit, shape (B, U).
        expected: under the learned rates and each block's season, shape (B, U).
        advantage: logarithm of a unit's rate over that of its cell, shape (U,).
    """
    usual = (expected @ advantage) / np.maximum(expected.sum(axis=1), 1e-9)
    centred = advantage - usual[:, None]
    information = expected * centred**2
    ratios = partial(_normal_ratios, least=LEAST_INFORMATION, is_drop=True)
    return Signal(((events - expected) * centred, information, information), ratios, _overdispersion(events, expected))


def _poisson_ratios(parts: tuple[Floats, ...]) -> tuple[Floats, Flags]:
    events, expected = parts
    (young, old), (young_due, old_due) = _split(events), _split(expected)
    told = (young_due >= LEAST_EVENTS) & (old_due >= LEAST_EVENTS)
    young_due, old_due = np.where(told, young_due, 1.0), np.where(told, old_due, 1.0)
    both, both_due = young + old, young_due + old_due
    ratio = xlogy(young, young / young_due) + xlogy(old, old / old_due) - xlogy(both, both / both_due)
    return np.where(told, 2.0 * np.maximum(ratio, 0.0), 0.0), told


def _normal_ratios(parts: tuple[Floats, ...], least: float, is_drop: bool = False) -> tuple[Floats, Flags]:
    """Squared difference of two means over its variance; only where the young one is lower if `is_drop`."""
    (young, old), (young_n, old_n), (young_spread, old_spread) = (_split(part) for part in parts)
    told = (young_n >= least) & (old_n >= least)
    young_n, old_n = np.where(told, young_n, 1.0), np.where(told, old_n, 1.0)
    variance = young_spread / young_n**2 + old_spread / old_n**2
    difference = young / young_n - old / old_n
    if is_drop:
        difference = np.minimum(difference, 0.0)
    return np.where(told, difference**2 / np.where(told, variance, 1.0), 0.0), told


def _split(part: Floats) -> tuple[Floats, Floats]:
    """Sums up to the end of each block but the last, and of the rest."""
    young = np.cumsum(part, axis=0)[:-1]
    return young, part.sum(axis=0) - young


def _overdispersion(events: Floats, expected: Floats) -> float:
    """How much wider than Poisson blocks and units spread, 1 to 5."""
    told = expected >= 1.0
    if told.sum() < 10:
        return 1.0
    pearson = (events[told] - expected[told]) ** 2 / expected[told]
    # A change itself must not hide behind the spread that it makes: by the median, which is 0.455 for chi-square(1).
    return float(np.clip(np.median(pearson) / 0.455, 1.0, 5.0))
