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
from ml.cohorts import acquisition_cohorts, thinned
from ml.cutoffs import latest_rows
from ml.monotone import activity_signs
from ml.preprocess import numbers
from ml.value_forms import FORMS, SpendForm, choose_form

Floats = npt.NDArray[np.float64]
LABEL = "spend_horizon_amount"
COVERAGE = 0.80
# Interval widths follow the last two cut-offs, as churn's calibration does and for the same reason.
CONFORMAL_CUTOFFS = 2
# Each acquisition cohort is held out once, two at a time: two quantile models for each of ten would double the time.
FOLDS = 5
MOST_ROWS = 1_000_000


class ValueScores(NamedTuple):
    """Expected spend over the horizon and the 80 % interval around it, currency units; low <= amount <= high."""

    amount: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class ValueFit:
    """A mean on the money scale, two quantiles on log1p, and their conformal margin.

    Attributes:
        form: `tweedie` or `two_part`.
        losses: `form_loss` of each form on held-out cohorts; empty where the form was given or nothing could tell.
    """

    form: str
    losses: dict[str, float]
    mean: SpendForm
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


def fit_value(rows: pd.DataFrame, features: Sequence[str], seed: int, form: str | None = None) -> ValueFit:
    """Fit mean, quantiles and margin on training rows (cut-offs pooled); `form` None: choose it on held-out cohorts.

    The interval comes from quantile models of log1p(spend), widened or narrowed by the conformal margin that covers
    80 % of held-out customers (Romano et al. 2019).
    """
    number, sampled = acquisition_cohorts(rows)
    sample, cohort, signs = rows.loc[sampled], number[sampled], activity_signs(features, rises=True)
    matrix, spend = numbers(sample, features), spend_of(sample)
    chosen, losses = (form, {}) if form else choose_form(matrix, spend, cohort % 2 == 0, signs, seed)
    logged, plans = np.log1p(spend), _quantile_plans(seed)
    low, high = (out_of_fold(partial(Booster.fit, plan), matrix, logged, cohort % FOLDS) for plan in plans)
    recent = latest_rows(sample, CONFORMAL_CUTOFFS)
    margin = conformal_margin(logged[recent], low[recent], high[recent], COVERAGE)
    taught = thinned(rows, MOST_ROWS)
    matrix, spend = numbers(taught, features), spend_of(taught)
    mean = FORMS[chosen].fit(matrix, spend, signs, seed)
    lower, upper = (Booster.fit(plan, matrix, np.log1p(spend)) for plan in plans)
    return ValueFit(chosen, losses, mean, lower, upper, margin, ceiling=float(spend.max() * 2))


def _quantile_plans(seed: int) -> list[BoostingPlan]:
    outer = ((1 - COVERAGE) / 2, (1 + COVERAGE) / 2)
    return [BoostingPlan("quantile", rounds=150, leaves=8, seed=seed, alpha=one, learning_rate=0.05) for one in outer]


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
