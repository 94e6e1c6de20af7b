"""Whether arms got the units that their weights say; if not, nothing else of the experiment can be believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, log
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincc, logsumexp

from ml.experiments.checks import at_least, finite, whole

Floats = npt.NDArray[np.float64]
# What an arm may have lost or gained, as a factor's logarithm: from half a per cent to nearly all.
SHIFTS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 3.0)
# Below this the chi-square distribution is no longer near (Cochran 1954).
LEAST_EXPECTED = 5.0
# Directions of no variance are those below this share of the largest.
FLAT = 1e-9


class Batch(NamedTuple):
    """Units assigned under one row of weights: a day, a table version, or all units with the same propensities.

    Attributes:
        observed: units of each arm, each unit counted once, where it was first assigned.
        weights: of each arm, in any unit; an arm that is not here has weight 0.
    """

    observed: Mapping[str, int]
    weights: Mapping[str, float]


class SampleRatio(NamedTuple):
    """What a test of the sample ratio found.

    Attributes:
        p_value: of right weights; 0 when a unit is in an arm of weight 0.
        statistic: chi-square, or the logarithm of the evidence of a sequential test.
        degrees_of_freedom: arms with a weight, less one; 0 for a sequential test.
        observed: units of each arm.
        expected: units by the weights.
        leaked: units of arms that had weight 0 when they were assigned.
        said: one sentence.
    """

    p_value: float
    statistic: float
    degrees_of_freedom: int
    observed: dict[str, int]
    expected: dict[str, float]
    leaked: dict[str, int]
    said: str


class _Table(NamedTuple):
    arms: list[str]
    observed: Floats
    shares: Floats
    leaked: dict[str, int]

    @property
    def counts(self) -> Floats:
        """Units of each batch."""
        return np.asarray(self.observed.sum(axis=1), dtype=np.float64)

    @property
    def expected(self) -> Floats:
        return np.asarray(self.counts @ self.shares, dtype=np.float64)


def chi_square(observed: Mapping[str, int], weights: Mapping[str, float]) -> SampleRatio:
    """Pearson's test of one split that never changed; look once (for many looks: `sequential`).

    Args:
        observed: units of each arm.
        weights: of each arm, in any unit.

    Raises:
        ValueError: counts that are none, a negative weight, or no weight at all.
    """
    return over_batches([Batch(observed, weights)])


def over_batches(batches: Sequence[Batch]) -> SampleRatio:
    """The same where weights change from batch to batch, as a ramp or a bandit changes them.

    Units of each arm less expected, against the sum of the batches' multinomial covariances. Given each batch's
    weights its units deviate from them by chance alone, so that the sum has that covariance also when weights were
    chosen by what came before. With one batch it is Pearson's test. Adding up units and weights first instead is
    wrong: days of many units and days of few have different weights.

    Raises:
        ValueError: as `chi_square`, naming the batch, or no batches.
    """
    table = _table(batches)
    off = table.observed.sum(axis=0) - table.expected
    covariance = np.diag(table.expected) - np.einsum("b,bi,bj->ij", table.counts, table.shares, table.shares)
    statistic, degrees = _squared_length(off, covariance)
    p = float(gammaincc(degrees / 2, statistic / 2)) if degrees else 1.0
    return _found(table, 0.0 if table.leaked else p, statistic, degrees)


def sequential(batches: Sequence[Batch]) -> SampleRatio:
    """A p-value that may be looked at after every batch: smallest so far, never too small by looking often.

    Evidence for "this arm got a factor more or less than its propensity" against the weights, averaged over arms and
    factors, is a martingale under the right weights, whatever they are and however they change; by Ville's inequality
    it exceeds 1 / alpha with chance at most alpha, at any number of units (Lindon and Malek 2022 for one fixed split).

    Raises:
        ValueError: as `over_batches`.
    """
    table = _table(batches)
    k = len(table.arms)
    if not k:
        return _found(table, 0.0 if table.leaked else 1.0, 0.0, 0)
    shifts = np.array([*SHIFTS, *(-shift for shift in SHIFTS)])
    # One alternative a row: the logarithm of what each arm's weight is multiplied with.
    factors = (np.eye(k)[:, None, :] * shifts[None, :, None]).reshape(-1, k)
    usual = np.log(table.shares @ np.exp(factors).T)
    evidence = np.cumsum(table.observed @ factors.T - table.counts[:, None] * usual, axis=0)
    most = float(np.max(logsumexp(evidence, axis=1))) - log(len(factors))
    return _found(table, 0.0 if table.leaked else min(1.0, exp(-max(most, 0.0))), most, 0)


def _table(batches: Sequence[Batch]) -> _Table:
    """Batches by arms that ever had a weight; what was seen elsewhere is leaked."""
    if not len(batches):
        raise ValueError("batches: none; at least 1 is needed")
    shares = [_shares(at, batch) for at, batch in enumerate(batches)]
    arms = sorted({arm for row in shares for arm, share in row.items() if share > 0})
    leaked: dict[str, int] = {}
    observed = np.zeros((len(batches), len(arms)))
    for at, batch in enumerate(batches):
        for arm, units in batch.observed.items():
            whole(**{f"batches[{at}].observed[{arm}]": units})
            if shares[at].get(arm, 0.0) > 0:
                observed[at, arms.index(arm)] = units
            elif units:
                leaked[arm] = leaked.get(arm, 0) + int(units)
    return _Table(arms, observed, np.array([[row.get(arm, 0.0) for arm in arms] for row in shares]), leaked)


def _shares(at: int, batch: Batch) -> dict[str, float]:
    for arm, weight in batch.weights.items():
        field = {f"batches[{at}].weights[{arm}]": weight}
        finite(**field)
        at_least(0, **field)
    total = sum(batch.weights.values())
    if not total > 0:
        raise ValueError(f"batches[{at}].weights: sum {total:g}; an arm with a weight above 0 is needed")
    return {arm: weight / total for arm, weight in batch.weights.items()}


def _squared_length(off: Floats, covariance: Floats) -> tuple[float, int]:
    """off' covariance^-1 off in the directions that vary, and their number."""
    if not len(off):
        return 0.0, 0
    # Scaled to correlations first: a small arm's variance is not a flat direction.
    deviation = np.sqrt(np.diag(covariance))
    varies = deviation > 0
    if not varies.any():
        return 0.0, 0
    scaled = covariance[np.ix_(varies, varies)] / np.outer(deviation[varies], deviation[varies])
    values, vectors = np.linalg.eigh(scaled)
    kept = values > FLAT * values.max()
    along = vectors[:, kept].T @ (off[varies] / deviation[varies])
    return float(np.sum(along**2 / values[kept])), int(kept.sum())


def _found(table: _Table, p: float, statistic: float, degrees: int) -> SampleRatio:
    observed = {arm: int(units) for arm, units in zip(table.arms, table.observed.sum(axis=0), strict=True)}
    expected = {arm: float(units) for arm, units in zip(table.arms, table.expected, strict=True)}
    said = f"units {_pairs(observed)}, expected {_pairs(expected)} (p {p:.3g})"
    if table.leaked:
        said = f"{said}; in arms of weight 0: {_pairs(table.leaked)}, where none may be"
    elif degrees and min(expected.values()) < LEAST_EXPECTED:
        said = f"{said}; fewer than {LEAST_EXPECTED:g} expected in an arm, the p-value is rough"
    return SampleRatio(p, statistic, degrees, observed, expected, table.leaked, said)


def _pairs(counts: Mapping[str, float]) -> str:
    return ", ".join(f"{arm} {units:,.0f}" for arm, units in counts.items())
