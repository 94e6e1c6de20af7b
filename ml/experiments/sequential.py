"""Looks at a running experiment whose false alarms together stay at alpha: for decisions to ship.

Alpha spending of Lan and DeMets (1983) with bounds from the joint distribution of the looks, which may come at any
fractions of the planned size, as long as they do not depend on what was seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import exp, inf, isinf, log
from typing import NamedTuple

from scipy.optimize import brentq
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from ml.experiments.brownian import START, Path, above, carry
from ml.experiments.effect import Effect, Interval, Side, check_question, interval_of, towards
from ml.experiments.spending import Spending, check_fractions, spent

# Below this there is nothing to spend that the integration could tell from nothing.
LEAST_SPENT = 1e-15
LEAST_P, MOST_P = 1e-14, 0.999


class Boundaries(NamedTuple):
    """What each look asks for.

    Attributes:
        fractions: information over the planned, by look.
        spent: error spent by then, both sides together where two are looked at.
        bounds: least statistic in the direction asked for (its size for two sides); inf where nothing is spent yet.
    """

    fractions: tuple[float, ...]
    spent: tuple[float, ...]
    bounds: tuple[float, ...]


class Look(NamedTuple):
    """One look, with what may be said at it whatever happens at the others.

    Attributes:
        fraction: information over the planned.
        bound: least statistic that crosses.
        z: the statistic, as a normal one.
        is_crossed: whether there is enough to stop on.
        interval: repeated interval; together with those of all other looks it holds with chance 1 - alpha.
        p_value: repeated p-value: least alpha at which this look would have crossed.
        spent: error spent by now.
    """

    fraction: float
    bound: float
    z: float
    is_crossed: bool
    interval: Interval
    p_value: float
    spent: float


def boundaries(
    fractions: Sequence[float],
    *,
    alpha: float = 0.05,
    side: Side = "two",
    spending: Spending = "obrien_fleming",
    is_final: bool = False,
) -> Boundaries:
    """Bounds of all looks so far; those of earlier looks do not depend on later ones.

    Args:
        fractions: units so far over the planned size at each look, increasing; above 1 all error is spent.
        alpha: error of all looks together.
        side: with `two`, half of alpha on each.
        spending: `obrien_fleming` or `pocock`.
        is_final: the last look is the last for good and spends all that is left, though less than planned was seen.

    Raises:
        ValueError: fractions that do not increase by 0.0001, alpha outside 0 to 1, an unknown side or spending.
    """
    check_question(alpha, side)
    return _boundaries(check_fractions(fractions), alpha, side == "two", spending, is_final)


def look(
    effect: Effect,
    fractions: Sequence[float],
    *,
    alpha: float = 0.05,
    side: Side = "two",
    spending: Spending = "obrien_fleming",
    is_final: bool = False,
) -> Look:
    """The last of the looks: whether it crosses, its repeated interval and p-value.

    Args:
        effect: difference or lift with all units so far.
        fractions: of all looks up to and with this one.
        alpha: error of all looks together.
        side: what is asked of treatment minus control.
        spending: `obrien_fleming` or `pocock`.
        is_final: as in `boundaries`.

    Raises:
        ValueError: as `boundaries`.
    """
    asked = boundaries(fractions, alpha=alpha, side=side, spending=spending, is_final=is_final)
    bound, z = asked.bounds[-1], normal_statistic(effect)
    half = effect.standard_error * students(bound, effect.degrees_of_freedom) if bound < inf else inf
    evidence = towards(z, side)
    p = _repeated_p(evidence, asked.fractions, side == "two", spending, is_final)
    interval = interval_of(effect.estimate, half, side)
    return Look(asked.fractions[-1], bound, z, evidence >= bound, interval, p, asked.spent[-1])


def normal_statistic(effect: Effect) -> float:
    """The normal statistic with the same tail as the effect's Student's."""
    size = abs(effect.statistic)
    tail = float(stdtr(effect.degrees_of_freedom, -size)) if not isinf(effect.degrees_of_freedom) else 0.0
    # Where the tail is too small to be a float, both are far beyond any bound.
    z = -float(ndtri(tail)) if tail > 1e-300 else size
    return z if effect.statistic >= 0 else -z


def students(z: float, degrees_of_freedom: float) -> float:
    """Student's quantile with the tail of a normal one."""
    if isinf(degrees_of_freedom):
        return z
    return -float(stdtrit(degrees_of_freedom, float(ndtr(-z))))


@lru_cache(maxsize=512)
def _boundaries(
    fractions: tuple[float, ...], alpha: float, is_two: bool, spending: Spending, is_final: bool
) -> Boundaries:
    each = alpha / 2 if is_two else alpha
    gone = [spent(fraction, each, spending) for fraction in fractions]
    if is_final:
        gone[-1] = each
    path, bounds, before = START, [], 0.0
    for at, fraction in enumerate(fractions):
        bound = _bound(path, fraction, gone[at] - before)
        bounds.append(bound)
        before = gone[at]
        if at + 1 < len(fractions):
            path = carry(path, fraction, -bound if is_two else -inf, bound, fractions[at + 1])
    sides = 2 if is_two else 1
    return Boundaries(fractions, tuple(sides * share for share in gone), tuple(bounds))


def _bound(path: Path, fraction: float, share: float) -> float:
    if share < LEAST_SPENT:
        return inf
    return float(brentq(lambda z: above(path, fraction, z) - share, -9.0, 9.0, xtol=1e-12, rtol=1e-14))


def _repeated_p(
    evidence: float, fractions: tuple[float, ...], is_two: bool, spending: Spending, is_final: bool
) -> float:
    def short(log_alpha: float) -> float:
        bound = _boundaries(fractions, exp(log_alpha), is_two, spending, is_final).bounds[-1]
        return min(bound - evidence, 1.0)

    # No look is worth more than the single test with the same statistic.
    alone = float(ndtr(-evidence)) * (2 if is_two else 1)
    low, high = log(max(LEAST_P, min(alone, MOST_P) * (1 - 1e-9))), log(MOST_P)
    if short(high) > 0:
        return 1.0
    if short(low) <= 0:
        return exp(low)
    return exp(float(brentq(short, low, high, xtol=1e-10)))
