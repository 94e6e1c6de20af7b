"""Bounds below which going on is not worth it, and what looking costs in units."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import NamedTuple

from scipy.optimize import brentq
from scipy.special import ndtri

from ml.experiments.brownian import START, Path, below, carry, crossing
from ml.experiments.checks import inside
from ml.experiments.effect import Side
from ml.experiments.sequential import boundaries
from ml.experiments.spending import Spending, check_fractions, spent


class Futility(NamedTuple):
    """Bounds of a one-sided experiment that may also stop for want of an effect.

    Attributes:
        fractions: information over the planned, by look.
        upper: statistics at or above which it has won.
        lower: statistics at or below which it may be given up; not binding: going on costs no false alarms.
        drift: planned effect in standard errors at the planned size that makes the bounds meet at the last look.
    """

    fractions: tuple[float, ...]
    upper: tuple[float, ...]
    lower: tuple[float, ...]
    drift: float


def futility_bounds(
    fractions: Sequence[float],
    *,
    alpha: float = 0.025,
    beta: float = 0.2,
    spending: Spending = "obrien_fleming",
) -> Futility:
    """Lower bounds by spending beta as the upper ones spend alpha (Pampallona, Tsiatis and Kim 2001).

    Args:
        fractions: information of all planned looks, the last at 1.
        alpha: one-sided error of winning by chance.
        beta: chance of missing an effect of the planned size.
        spending: of both errors.

    Raises:
        ValueError: as `sequential.boundaries`, a last fraction other than 1, or beta outside 0 to 1 - alpha.
    """
    looks = check_fractions(fractions)
    inside(0, 1 - alpha, beta=beta)
    if looks[-1] != 1:
        raise ValueError(f"fractions[{len(looks) - 1}]: {looks[-1]}; futility is planned to the whole size, 1")
    upper = boundaries(looks, alpha=alpha, side="greater", spending=spending).bounds
    fixed = -float(ndtri(alpha)) - float(ndtri(beta))

    def gap(drift: float) -> float:
        return _lower(looks, upper, beta, spending, drift)[-1] - upper[-1]

    drift = float(brentq(gap, 0.5 * fixed, 3 * fixed, xtol=1e-9))
    lower = _lower(looks, upper, beta, spending, drift)
    return Futility(looks, upper, (*lower[:-1], upper[-1]), drift)


def drift_needed(
    fractions: Sequence[float],
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    side: Side = "two",
    spending: Spending = "obrien_fleming",
) -> float:
    """Effect in standard errors at the planned size that crosses in its direction with the chance `power`.

    Raises:
        ValueError: as `sequential.boundaries`, or power outside 0 to 1.
    """
    inside(0, 1, power=power)
    asked = boundaries(fractions, alpha=alpha, side=side, spending=spending)
    lower = [-bound if side == "two" else -inf for bound in asked.bounds]

    def lacking(drift: float) -> float:
        return sum(crossing(asked.fractions, asked.bounds, lower, drift).above) - power

    fixed = -float(ndtri(alpha / 2 if side == "two" else alpha)) + float(ndtri(power))
    return float(brentq(lacking, 0.5 * fixed, 3 * fixed + 1, xtol=1e-9))


def _lower(
    fractions: tuple[float, ...], upper: tuple[float, ...], beta: float, spending: Spending, drift: float
) -> list[float]:
    path, found, before = START, [], 0.0
    for at, fraction in enumerate(fractions):
        gone = spent(fraction, beta, spending)
        bound = _given_up(path, fraction, gone - before, drift)
        if at + 1 < len(fractions):
            bound = min(bound, upper[at])
            path = carry(path, fraction, bound, upper[at], fractions[at + 1], drift)
        found.append(bound)
        before = gone
    return found


def _given_up(path: Path, fraction: float, share: float, drift: float) -> float:
    reach = 9.0 + abs(drift)
    if share < 1e-15 or below(path, fraction, reach, drift) <= share:
        return -inf if share < 1e-15 else reach
    return float(brentq(lambda z: below(path, fraction, z, drift) - share, -reach, reach, xtol=1e-12))
