"""The fitted spend model: a mean, and an interval that held-out customers have confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.boosting import Booster, BoostingPlan, out_of_fold
from ml.cutoffs import customer_folds, latest_rows
from ml.preprocess import numbers

Floats = npt.NDArray[np.float64]
LABEL = "spend_horizon_amount"
COVERAGE = 0.80
# Interval widths follow the last two cut-offs, as churn's calibration does and for the same reason.
CONFORMAL_CUTOFFS = 2


class ValueScores(NamedTuple):
    """Expected spend over the horizon and the 80 % interval around it, currency units; low <= amount <= high."""

    amount: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class ValueFit:
    """Three boosted models: the mean on the money scale, two quantiles on log1p, and their conformal margin."""

    mean: Booster
    lower: Booster
    upper: Booster
    margin: float
    ceiling: float

    def predict(self, matrix: Floats) -> ValueScores:
        """Scores of shape (rows,), finite, never negative, never above `ceiling`."""
        amount = _money(self.mean.predict(matrix), self.ceiling)
        low = _money(np.expm1(_log_scale(self.lower.predict(matrix) - self.margin)), self.ceiling)
        high = _money(np.expm1(_log_scale(self.upper.predict(matrix) + self.margin)), self.ceiling)
        return ValueScores(amount, np.minimum(low, amount), np.maximum(high, amount))


def fit_value(rows: pd.DataFrame, features: Sequence[str], seed: int) -> ValueFit:
    """Fit mean, quantiles and margin on training rows (cut-offs pooled).

    The mean is a Tweedie model (power 1.3: many zeros, a long tail). The interval comes from quantile models of
    log1p(spend), widened or narrowed by the conformal margin that covers 80 % of held-out customers (Romano et al.
    2019).
    """
    matrix, spend, folds = numbers(rows, features), spend_of(rows), customer_folds(rows)
    logged = np.log1p(spend)
    lower, upper = (
        BoostingPlan("quantile", rounds=150, leaves=8, seed=seed, alpha=alpha, learning_rate=0.05)
        for alpha in ((1 - COVERAGE) / 2, (1 + COVERAGE) / 2)
    )
    held_low, held_high = (out_of_fold(partial(Booster.fit, plan), matrix, logged, folds) for plan in (lower, upper))
    recent = latest_rows(rows, CONFORMAL_CUTOFFS)
    mean = BoostingPlan("tweedie", rounds=200, leaves=15, seed=seed, variance_power=1.3)
    return ValueFit(
        mean=Booster.fit(mean, matrix, spend),
        lower=Booster.fit(lower, matrix, logged),
        upper=Booster.fit(upper, matrix, logged),
        margin=conformal_margin(logged[recent], held_low[recent], held_high[recent], COVERAGE),
        ceiling=float(spend.max() * 2),
    )


def conformal_margin(truth: Floats, low: Floats, high: Floats, coverage: float) -> float:
    """How far both ends must move outwards (negative: inwards) so that `coverage` of the truths lie inside."""
    outside = np.sort(np.maximum(low - truth, truth - high))
    rank = min(int(np.ceil(coverage * (len(outside) + 1))), len(outside))
    return float(outside[rank - 1])


def spend_of(rows: pd.DataFrame) -> Floats:
    """Label column, refunds beyond the purchases as 0."""
    return np.maximum(numbers(rows, [LABEL])[:, 0], 0.0)


def _money(amounts: Floats, ceiling: float) -> Floats:
    return np.clip(np.nan_to_num(amounts), 0.0, ceiling)


def _log_scale(values: Floats) -> Floats:
    """Exponents kept where expm1 stays finite."""
    return np.minimum(values, 50.0)
