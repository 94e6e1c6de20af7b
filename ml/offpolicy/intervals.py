"""Means over exposures with intervals that know that exposures of one person are not independent."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.stats import norm, poisson
from scipy.stats import t as student

from ml.offpolicy.traffic import Floats, Ints

LEVEL = 0.95
_BLOCK = 4_000_000
# How often a person is drawn, by a 16-bit number: ten times as fast as a generator of Poisson numbers.
_POISSON = poisson.ppf((np.arange(1 << 16) + 0.5) / (1 << 16), 1.0)
# Beyond this the cubic of Hall's transformation is no better than no correction; logs so skewed are refused anyway.
_MOST_SKEW = 0.8


class Estimate(NamedTuple):
    """A mean per exposure with its interval, in the unit of the reward."""

    value: float
    low: float
    high: float
    error: float


class Pooled(NamedTuple):
    """Sums of squared and cubed influences with extreme rewards spread over all exposures that could have brought them
    (`ml.offpolicy.extremes`)."""

    squares: float
    cubes: float


class Spread(NamedTuple):
    """What persons contribute to a mean: value, and each one's share of its deviation (adds up to 0).

    Means without weights have nothing `pooled`: it would change nothing.
    """

    value: float
    influence: Floats
    pooled: Pooled | None = None


def mean_of(values: Floats, unit: Ints) -> Spread:
    """Mean over exposures; each person's influence on it by the delta method for a ratio of sums."""
    n = len(values)
    mean = float(values.sum() / n)
    return Spread(mean, by_person((values - mean) / n, unit))


def by_person(values: Floats, unit: Ints) -> Floats:
    """Sums over each person's exposures."""
    return np.asarray(np.bincount(unit, weights=values), dtype=np.float64)


def ratio_of(above: Floats, below: Floats, unit: Ints) -> Spread:
    """Sum over sum, as in SNIPS; influences by the delta method."""
    total = float(below.sum())
    if total <= 0:
        return Spread(float("nan"), np.full(int(unit.max()) + 1, np.nan))
    ratio = float(above.sum()) / total
    return Spread(ratio, by_person((above - ratio * below) / total, unit))


def error_of(influence: Floats) -> float:
    """Standard error of a mean from its influences, G / (G - 1) for the fitted mean."""
    groups = len(influence)
    return float(np.sqrt((influence**2).sum() * groups / max(groups - 1, 1)))


def skewness_of(influence: Floats) -> float:
    """Skewness of the mean itself: that of the persons over the root of their number."""
    scale = float((influence**2).sum())
    return 0.0 if scale == 0 else float((influence**3).sum() / scale**1.5)


def freedom_of(influence: Floats, squares: float | None = None) -> float:
    """Degrees of freedom of a variance by its own spread (Satterthwaite): 2 G / (kurtosis - 1), at most G - 1.

    A variance that hangs on few people is itself uncertain.

    Args:
        influence: by person.
        squares: sum of squared influences where it is known better than by their own.
    """
    groups, scale = len(influence), float((influence**2).sum()) if squares is None else squares
    if scale == 0:
        return float(groups - 1)
    kurtosis = groups * float((influence**4).sum()) / scale**2
    return float(min(max(2.0 * groups / max(kurtosis - 1.0, 1e-9), 1.0), groups - 1))


def interval(spread: Spread, level: float = LEVEL) -> Estimate:
    """Interval by Student's quantile, corrected for skewness: margins are skewed and weights more so.

    Of a weighted mean extremes are pooled and the correction is Johnson's shift, of a plain one it is Hall's cubic
    transformation, which reaches further and, where weights make means more skewed still, often too far.

    Sources: N. J. Johnson, Modified t tests and confidence intervals for asymmetrical populations, JASA 73 (1978)
    536-544; P. Hall, On the removal of skewness by transformation, JRSS B 54 (1992) 221-228.
    """
    if len(spread.influence) < 2:
        return Estimate(spread.value, -np.inf, np.inf, np.inf)
    if spread.pooled is not None:
        return _shifted(spread.value, spread.influence, spread.pooled, level)
    error = error_of(spread.influence)
    t = float(student.isf((1.0 - level) / 2, freedom_of(spread.influence)))
    skew = float(np.clip(skewness_of(spread.influence), -_MOST_SKEW, _MOST_SKEW))
    low, high = spread.value - error * _unskewed(t, skew), spread.value - error * _unskewed(-t, skew)
    return Estimate(spread.value, low, high, error)


def _shifted(value: float, influence: Floats, pooled: Pooled, level: float) -> Estimate:
    """The variance is the larger of own and pooled, the third moment their mean: own ones are too small where no huge
    order met a heavy weight, and too large where one did."""
    groups, own = len(influence), float((influence**2).sum())
    squares = max(own, pooled.squares)
    error = float(np.sqrt(squares * groups / (groups - 1)))
    cubes = (float((influence**3).sum()) + pooled.cubes) / 2
    skew = float(np.clip(cubes / squares**1.5, -1.0, 1.0)) if squares > 0 else 0.0
    t = float(student.isf((1.0 - level) / 2, freedom_of(influence, squares)))
    shift = skew * (2.0 * float(norm.isf((1.0 - level) / 2)) ** 2 + 1.0) / 6.0
    return Estimate(value, value - error * (t - shift), value + error * (t + shift), error)


def _unskewed(z: float, skew: float) -> float:
    """The quantile of the studentised mean that belongs to a normal quantile."""
    if abs(skew) < 1e-9:
        return z
    return float(3.0 / skew * (np.cbrt(1.0 + skew * (z - skew / 6.0)) - 1.0))


def bootstrap(above: Floats, below: Floats, unit: Ints, seed: int, times: int = 500, level: float = LEVEL) -> Estimate:
    """Percentile interval of a ratio of sums, persons drawn anew with all their exposures.

    Args:
        above: numerator by exposure.
        below: denominator by exposure; ones for a mean.
        times: resamples.
    """
    sums = by_person(above, unit), by_person(below, unit)
    groups = len(sums[0])
    random, found = np.random.default_rng(seed), []
    step = max(1, _BLOCK // groups)
    for start in range(0, times, step):
        counts = _POISSON[random.integers(len(_POISSON), size=(min(step, times - start), groups), dtype=np.uint16)]
        with np.errstate(divide="ignore", invalid="ignore"):
            found.append((counts @ sums[0]) / (counts @ sums[1]))
    values = np.concatenate(found)
    low, high = np.nanquantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(float(above.sum() / below.sum()), float(low), float(high), float(np.nanstd(values)))
