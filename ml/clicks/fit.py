"""A penalised logit of clicks, with errors that allow for people who click more than others."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

Floats = npt.NDArray[np.float64]
# Weights are drawn towards 0 as if they came from a normal distribution of this variance, in log-odds.
PRIOR_VARIANCE: Final = 1.0
LEAST_CHANCE: Final = 1e-6


class Fit(NamedTuple):
    """Weights of the columns, their covariance, and the constant."""

    weights: Floats
    covariance: Floats
    constant: float

    def chance(self, matrix: Floats) -> Floats:
        """Probability of a click of each row."""
        odds = self.constant + matrix @ self.weights
        return np.asarray(0.5 * (1.0 + np.tanh(0.5 * odds)), dtype=np.float64)


def fit_clicks(matrix: Floats, clicked: Floats, people: npt.NDArray[np.int64]) -> Fit:
    """Fit, with the covariance of weights when whole people are drawn again (sandwich, Liang and Zeger 1986).

    Args:
        matrix: shape (rows, columns).
        clicked: 0 or 1; both occur.
        people: who each row was shown to, as a number.

    Where few people make that covariance smaller than the one of independent rows, the larger variance counts.
    """
    # One thread: partial sums of several arrive in any order.
    with threadpool_limits(limits=1, user_api="blas"):
        return _fit(matrix, clicked, people)


def _fit(matrix: Floats, clicked: Floats, people: npt.NDArray[np.int64]) -> Fit:
    fitted = LogisticRegression(C=PRIOR_VARIANCE, solver="newton-cholesky", max_iter=100).fit(matrix, clicked)
    found = Fit(fitted.coef_[0].astype(np.float64), np.empty((0, 0)), float(fitted.intercept_[0]))
    chance = np.clip(found.chance(matrix), LEAST_CHANCE, 1 - LEAST_CHANCE)
    full = np.column_stack([np.ones(len(matrix)), matrix])
    pull = np.diag(np.r_[0.0, np.full(matrix.shape[1], 1.0 / PRIOR_VARIANCE)])
    bread = np.linalg.inv((full * (chance * (1 - chance))[:, None]).T @ full + pull)
    by = np.argsort(people, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(people[by]) != 0])
    scores = np.add.reduceat(full[by] * (clicked - chance)[by, None], starts, axis=0)
    robust = bread @ (scores.T @ scores) @ bread * (len(starts) / max(len(starts) - 1, 1))
    return found._replace(covariance=_at_least(robust, bread)[1:, 1:])


def _at_least(covariance: Floats, least: Floats) -> Floats:
    """The same correlations with no variance below those of `least`."""
    grown = np.sqrt(np.maximum(1.0, np.diag(least) / np.maximum(np.diag(covariance), 1e-300)))
    return np.asarray(covariance * np.outer(grown, grown), dtype=np.float64)
