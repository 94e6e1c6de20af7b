"""The fitted spend model: a mean, and an interval that held-out customers have confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.boosting import Booster, BoostingPlan, out_of_fold
from ml.cohorts import MOST_ROWS, acquisition_cohorts, thinned
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


class ValueScores(NamedTuple):
    """Expected spend over the horizon and the 80 % interval around it, currency units; low <= amount <= high."""

    amount: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class ValueFit:
    """A mean on the money scale, two quantiles on log1p, and their conformal margin.

    Attributes:
        form: a name of `FORMS`.
        losses: `form_loss` of each form on held-out cohorts; empty where the form was given or nothing could tell.
        misses: how far outside its two quantiles (on log1p) each held-out row of the last training cut-off spent.
    """

    form: str
    losses: dict[str, float]
    mean: SpendForm
    lower: Booster
    upper: Booster
    margin: float
    ceiling: float
    misses: Floats = field(default_factory=lambda: np.zeros(0), repr=False, compare=False)

    def predict(self, matrix: Floats) -> ValueScores:
        """Scores of shape (rows,), finite, never negative, never above `ceiling`."""
        amount = _money(self.mean.predict(matrix), self.ceiling)
        low = _money(np.expm1(_log_scale(self.lower.predict(matrix) - self.margin)), self.ceiling)
        high = _money(np.expm1(_log_scale(self.upper.predict(matrix) + self.margin)), self.ceiling)
        return ValueScores(amount, np.minimum(low, amount), np.maximum(high, amount))


def fit_value(rows: pd.DataFrame, features: Sequence[str], seed: int) -> ValueFit:
    """Fit mean, quantiles and margin on training rows (cut-offs pooled), the form chosen on held-out cohorts.

    The interval comes from quantile models of log1p(spend), widened or narrowed by the conformal margin that covers
    80 % of held-out customers (Romano et al. 2019).
    """
    number, sampled = acquisition_cohorts(rows)
    sample, cohort, signs = rows.loc[sampled], number[sampled], activity_signs(features, rises=True)
    matrix, spend = numbers(sample, features), spend_of(sample)
    chosen, losses = choose_form(matrix, spend, cohort % 2 == 0, signs, seed)
    logged = np.log1p(spend)
    low, high = (
        out_of_fold(partial(Booster.fit, plan), matrix, logged, cohort % FOLDS) for plan in _quantile_plans(seed)
    )
    misses = _misses(logged, low, high)
    margin = conformal_margin(misses[latest_rows(sample, CONFORMAL_CUTOFFS)], COVERAGE)
    return _fitted(rows, features, seed, (chosen, losses), margin, misses[latest_rows(sample, 1)])


def refit_value(rows: pd.DataFrame, features: Sequence[str], seed: int, judged: ValueFit, judge: Seen) -> ValueFit:
    """The served model on all rows: form and margin are the twin's, the margin confirmed on the judging rows as well.

    Args:
        judged: the twin, taught by the earlier cut-offs.
        judge: matrix and spend of the judging rows, which the twin has not seen.
    """
    logged = np.log1p(judge.spend)
    later = _misses(logged, judged.lower.predict(judge.matrix), judged.upper.predict(judge.matrix))
    margin = conformal_margin(np.concatenate([judged.misses, later]), COVERAGE)
    return _fitted(rows, features, seed, (judged.form, {}), margin, judged.misses)


class Seen(NamedTuple):
    """Features, shape (rows, features), and what was spent."""

    matrix: Floats
    spend: Floats


def _fitted(
    rows: pd.DataFrame,
    features: Sequence[str],
    seed: int,
    choice: tuple[str, dict[str, float]],
    margin: float,
    misses: Floats,
) -> ValueFit:
    taught = thinned(rows, MOST_ROWS)
    matrix, spend = numbers(taught, features), spend_of(taught)
    mean = FORMS[choice[0]].fit(matrix, spend, activity_signs(features, rises=True), seed)
    lower, upper = (Booster.fit(plan, matrix, np.log1p(spend)) for plan in _quantile_plans(seed))
    return ValueFit(*choice, mean, lower, upper, margin, float(spend.max() * 2), misses)


def _quantile_plans(seed: int) -> list[BoostingPlan]:
    outer = ((1 - COVERAGE) / 2, (1 + COVERAGE) / 2)
    return [BoostingPlan("quantile", rounds=150, leaves=8, seed=seed, alpha=one, learning_rate=0.05) for one in outer]


def conformal_margin(misses: Floats, coverage: float) -> float:
    """How far both ends must move outwards (negative: inwards) so that `coverage` of the truths lie inside.

    Args:
        misses: of each held-out row how far its truth lies outside (negative: inside) the two quantiles.
        coverage: share of truths to hold.
    """
    outside = np.sort(misses)
    rank = min(int(np.ceil(coverage * (len(outside) + 1))), len(outside))
    return float(outside[rank - 1])


def _misses(truth: Floats, low: Floats, high: Floats) -> Floats:
    return np.maximum(low - truth, truth - high)


def spend_of(rows: pd.DataFrame) -> Floats:
    """Label column, refunds beyond the purchases as 0."""
    return np.maximum(numbers(rows, [LABEL])[:, 0], 0.0)


def _money(amounts: Floats, ceiling: float) -> Floats:
    return np.clip(np.nan_to_num(amounts), 0.0, ceiling)


def _log_scale(values: Floats) -> Floats:
    """Exponents kept where expm1 stays finite."""
    return np.minimum(values, 50.0)
