"""The estimate after a sequential experiment has stopped, freed of the luck that stopped it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf, sqrt
from typing import NamedTuple

from scipy.optimize import brentq

from ml.experiments.brownian import START, above, carry
from ml.experiments.effect import Effect, Interval, Side
from ml.experiments.sequential import boundaries, normal_statistic
from ml.experiments.spending import Spending

# Drifts within which an answer is sought: nothing an experiment of the planned size is for lies beyond.
WIDEST = 40.0


class Stagewise(NamedTuple):
    """What to report once stopped.

    Attributes:
        estimate: median unbiased; nearer to zero than the plain one after an early stop.
        interval: of level 1 - alpha.
        p_value: chance under no difference of stopping earlier on this side, or here with no less.
    """

    estimate: float
    interval: Interval
    p_value: float


def stagewise(
    effect: Effect,
    fractions: Sequence[float],
    *,
    alpha: float = 0.05,
    side: Side = "two",
    spending: Spending = "obrien_fleming",
    is_final: bool = False,
) -> Stagewise:
    """Estimate, interval and p-value by stagewise ordering (Tsiatis, Rosner and Mehta 1984).

    Args:
        effect: as it stood at the last of the fractions, where the experiment stopped for good.
        fractions: of all looks; none before the last may have crossed.
        alpha: error of all looks together.
        side: as in `sequential.look`.
        spending: as in `sequential.look`.
        is_final: as in `sequential.look`.

    Raises:
        ValueError: as `sequential.boundaries`.
    """
    asked = boundaries(fractions, alpha=alpha, side=side, spending=spending, is_final=is_final)
    sign = -1.0 if side == "less" else 1.0
    z = sign * normal_statistic(effect)
    earlier = asked.bounds[:-1]

    def beyond(drift: float) -> float:
        return _beyond(asked.fractions, earlier, z, drift, side == "two")

    # A score is drift x t, so that a drift d is an effect of d x sqrt(t) standard errors, as wide as Student's here.
    error = abs(effect.estimate / z) if z else effect.standard_error
    unit = sqrt(asked.fractions[-1]) * error
    each = alpha / 2 if side == "two" else alpha
    low, middle, high = (sign * unit * _drift(beyond, chance) for chance in (each, 0.5, 1 - each))
    p = beyond(0.0)
    bounds = {"two": Interval(low, high), "greater": Interval(low, inf), "less": Interval(-inf, low)}
    return Stagewise(middle, bounds[side], 2 * min(p, 1 - p) if side == "two" else p)


def _beyond(fractions: tuple[float, ...], earlier: tuple[float, ...], z: float, drift: float, is_two: bool) -> float:
    """Chance of having left above before, or of getting here and above z."""
    path, total = START, 0.0
    for at, bound in enumerate(earlier):
        total += above(path, fractions[at], bound, drift) if bound < inf else 0.0
        path = carry(path, fractions[at], -bound if is_two else -inf, bound, fractions[at + 1], drift)
    return total + above(path, fractions[-1], z, drift)


def _drift(beyond: Callable[[float], float], chance: float) -> float:
    """The drift under which what was seen, or more, has this chance."""
    if beyond(-WIDEST) > chance:
        return -inf
    if beyond(WIDEST) < chance:
        return inf
    return float(brentq(lambda drift: beyond(drift) - chance, -WIDEST, WIDEST, xtol=1e-8))
