"""What arms were worth when they were drawn by what had been learned: plain means of such draws are biased.

An arm that starts unlucky is drawn less and keeps its bad luck, so its mean is too low and the winner's lift too high.
Augmented inverse-propensity scores with the published probabilities are unbiased batch by batch (Zhang, Janson and
Murphy 2021; Hadad, Hirshberg, Zhan, Wager and Athey 2021).
"""

from __future__ import annotations

from math import sqrt
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.experiments.batches import Batches, batches_of
from ml.experiments.checks import inside, known_arm, one_of
from ml.experiments.effect import Effect, effect_of
from ml.experiments.lift import TOLD_FROM_ZERO

Floats = npt.NDArray[np.float64]
Weighting = Literal["uniform", "stabilised"]


class ArmReadout(NamedTuple):
    """One arm of an adaptive experiment.

    Attributes:
        mean: outcome a unit, had all units been given the arm.
        n: units in batches where it could be drawn.
        value: the same with its interval; none where the outcomes of the arm do not vary.
        absolute: that minus the plain arm's, on the batches where both could be drawn; none for the plain arm, and
            where neither varies.
        relative: absolute over |plain|; none for the plain arm and where plain cannot be told from 0.
        naive: plain mean of the arm's own draws, biased; for comparison only.
        covered_share: units in batches where the arm (and plain) could be drawn.
    """

    mean: float
    n: int
    value: Effect | None
    absolute: Effect | None
    relative: Effect | None
    naive: float | None
    covered_share: float


class _Moments(NamedTuple):
    """Means of the scores of an arm and of the plain one, and the covariance of these means."""

    mean: Floats
    covariance: Floats
    n: int
    covered: float


class _Expected(NamedTuple):
    """What each arm was expected to bring before a batch, and what that leaves out of the sum of scores."""

    mean: Floats
    left_out: Floats


def readout(
    frame: pd.DataFrame, *, plain: str, alpha: float = 0.05, weighting: Weighting = "uniform"
) -> dict[str, ArmReadout]:
    """Value and lift of each arm from draws with known propensities.

    Args:
        frame: one row a stratum, batch and arm: stratum (all that decides the propensities beside time: segment,
            context, eligible arms), batch (sortable: hour or table version), arm, propensity (published probability in
            that batch), n units, total and squares of their outcomes. Arms that got no unit are there with n = 0.
        plain: the arm that lifts are against; inside the draw, with a propensity of its own.
        alpha: 1 - level of the intervals.
        weighting: `uniform` weighs each unit the same: the average over the whole time. `stabilised` weighs batches
            with rare arms less (square root of the propensity): narrower, right where effects do not change over time.

    Raises:
        ValueError: as `batches_of`, an unknown plain arm, or an arm that no batch could draw.
    """
    inside(0, 1, alpha=alpha)
    one_of("weighting", weighting, ("uniform", "stabilised"))
    table = batches_of(frame)
    known_arm("plain", plain, dict.fromkeys(table.arms))
    expected = _expected(table)
    base = table.arms.index(plain)
    return {arm: _arm(table, expected, at, base, alpha, weighting) for at, arm in enumerate(table.arms)}


def _arm(table: Batches, expected: _Expected, arm: int, plain: int, alpha: float, weighting: Weighting) -> ArmReadout:
    alone = _moments(table, expected, arm, arm, weighting)
    mean = float(alone.mean[0])
    value = _effect(mean, float(alone.covariance[0, 0]), alone.n, alpha)
    n = float(table.n[:, arm].sum())
    naive = float(table.total[:, arm].sum()) / n if n else None
    if arm == plain:
        return ArmReadout(mean, alone.n, value, None, None, naive, alone.covered)
    both = _moments(table, expected, arm, plain, weighting)
    against = np.array([1.0, -1.0])
    absolute = _effect(float(against @ both.mean), float(against @ both.covariance @ against), both.n, alpha)
    return ArmReadout(mean, alone.n, value, absolute, _relative(both, alpha), naive, both.covered)


def _relative(both: _Moments, alpha: float) -> Effect | None:
    value, base = (float(mean) for mean in both.mean)
    if abs(base) < TOLD_FROM_ZERO * sqrt(both.covariance[1, 1]) or base == 0:
        return None
    ratio = value / base
    gradient = np.array([1.0, -ratio]) / abs(base)
    # A noisy control inflates a ratio on average: second order of the same expansion, taken off.
    excess = (ratio * both.covariance[1, 1] - both.covariance[0, 1]) / (base * abs(base))
    estimate = (value - base) / abs(base) - float(excess)
    return _effect(estimate, float(gradient @ both.covariance @ gradient), both.n, alpha)


def _effect(estimate: float, variance: float, n: int, alpha: float) -> Effect | None:
    """None without scatter, which gives no interval: an arm that never converted must not hide the others."""
    return effect_of(estimate, sqrt(variance), n, alpha=alpha, side="two") if variance > 0 else None


def _expected(table: Batches) -> _Expected:
    """Mean outcome of each arm before each batch: in its stratum, else in all strata, else among the batch's others.

    Whatever does not depend on a unit's own draw keeps its score unbiased; the better it is, the less scores scatter.
    In an arm's first batch that is the mean of its other units: over units this comes to the mean of the arm itself,
    except where it is alone and only those who did not get it can take it.
    """
    n, total = _before(table.n, table.periods), _before(table.total, table.periods)
    for stratum in np.unique(table.strata):
        rows = table.strata == stratum
        own = _before(table.n[rows], table.periods[rows]), _before(table.total[rows], table.periods[rows])
        n[rows], total[rows] = (
            np.where(own[0] > 0, mine, every[rows]) for mine, every in zip(own, (n, total), strict=True)
        )
    first = n == 0
    mean = np.divide(total, n, out=np.zeros(n.shape), where=~first)
    several = first & (table.n >= 2)
    mean[several] = table.total[several] / table.n[several]
    others = table.n.sum(axis=1, keepdims=True) - 1
    return _Expected(mean, np.where(first & (table.n == 1), others * table.total, 0.0))


def _before(column: Floats, periods: npt.NDArray[np.int64]) -> Floats:
    """Sums of all rows of earlier batches; rows are in order of the batch."""
    sums = np.vstack([np.zeros((1, column.shape[1])), np.cumsum(column, axis=0)])
    return np.asarray(sums[np.searchsorted(periods, periods, side="left")], dtype=np.float64)


def _moments(table: Batches, expected: _Expected, arm: int, plain: int, weighting: Weighting) -> _Moments:
    """Means of both arms' scores by stratum, put together by the strata's units."""
    p = table.propensity[:, [arm, plain]]
    drawable = (p > 0).all(axis=1) & (table.n.sum(axis=1) > 0)
    if not drawable.any():
        beside = "" if arm == plain else f" and {table.arms[plain]!r}"
        raise ValueError(f"arm {table.arms[arm]!r}: no batch with units could draw it{beside}")
    sums, squares = _scores(table, expected, arm, plain, drawable)
    units = table.n[drawable].sum(axis=1)
    weight = np.ones(len(units)) if weighting == "uniform" else 1 / np.sqrt((1 / p[drawable]).sum(axis=1))
    strata, n = table.strata[drawable], float(units.sum())
    mean, within, between = np.zeros(2), np.zeros((2, 2)), np.zeros((2, 2))
    for stratum in np.unique(strata):
        rows = strata == stratum
        w, share = weight[rows], float(units[rows].sum()) / n
        scale = float((w * units[rows]).sum())
        own = w @ sums[rows] / scale
        # Squared deviations from the stratum's mean, batch by batch, each with its weight squared.
        cross = np.einsum("bi,j->bij", sums[rows], own)
        spread = squares[rows] - cross - cross.transpose(0, 2, 1) + units[rows][:, None, None] * np.outer(own, own)
        within += share**2 * np.einsum("b,bij->ij", w**2, spread) / scale**2
        mean += share * own
        between += share * np.outer(own, own)
    between -= np.outer(mean, mean)
    return _Moments(mean, within + between / n, int(n), n / float(table.n.sum()))


def _scores(
    table: Batches, expected: _Expected, arm: int, plain: int, rows: npt.NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Sums and sums of products of the scores m + 1[drawn] (y - m) / p of two arms, by batch."""
    pair = [arm, plain]
    m, p, n = expected.mean[rows][:, pair], table.propensity[rows][:, pair], table.n[rows][:, pair]
    total, squares = table.total[rows][:, pair], table.squares[rows][:, pair]
    units = table.n[rows].sum(axis=1)
    off = (total - n * m) / p
    sums = units[:, None] * m + off + expected.left_out[rows][:, pair]
    own = units[:, None] * m**2 + 2 * m * off + (squares - 2 * m * total + n * m**2) / p**2
    cross = units * m[:, 0] * m[:, 1] + m[:, 1] * off[:, 0] + m[:, 0] * off[:, 1]
    if arm == plain:
        cross = own[:, 0]
    products = np.empty((len(units), 2, 2))
    products[:, 0, 0], products[:, 1, 1] = own[:, 0], own[:, 1]
    products[:, 0, 1] = products[:, 1, 0] = cross
    return sums, products
