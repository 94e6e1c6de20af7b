"""The fitted churn model: boosted trees, a calibration curve, and what held-out cohorts say of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.boosting import Booster, BoostingPlan, out_of_fold
from ml.calibration import Curve, fit_platt
from ml.cohorts import COHORTS, acquisition_cohorts, thinned
from ml.cutoffs import latest_rows
from ml.evaluation import brier, expected_calibration_error, pr_auc, roc_auc
from ml.monotone import activity_signs
from ml.preprocess import numbers

Floats = npt.NDArray[np.float64]
LABEL = "churned"
# Below 20 of the rarer class, a curve or a ranking of those few people is luck.
LEAST_OF_A_CLASS = 20
# Probabilities follow the last two cut-offs: early ones know every customer for a few weeks only and churn less.
CALIBRATION_CUTOFFS = 2
# The judged twin leaves out each cohort alone; the served model, which only needs a curve, every fifth together.
JUDGED_FOLDS, SERVED_FOLDS = COHORTS, 5
MOST_ROWS = 1_000_000


@dataclass(frozen=True)
class ChurnFit:
    """A model with its curve; of each sampled training row its cohort, label and held-out probability."""

    booster: Booster
    curve: Curve
    cohort: npt.NDArray[np.int64]
    label: Floats
    held_out: Floats


def fit_churn(rows: pd.DataFrame, features: Sequence[str], seed: int, *, folds: int) -> ChurnFit:
    """Fit on training rows (cut-offs pooled), calibrate on predictions for cohorts that the model did not see."""
    signs = activity_signs(features, rises=False)
    fit = partial(
        Booster.fit, BoostingPlan("binary", rounds=200, leaves=5, seed=seed, learning_rate=0.04, monotone=signs)
    )
    number, sampled = acquisition_cohorts(rows)
    sample, cohort = rows.loc[sampled], number[sampled]
    label = labels_of(sample)
    guesses = out_of_fold(fit, numbers(sample, features), label, cohort % folds)
    recent = latest_rows(sample, CALIBRATION_CUTOFFS)
    if min(label[recent].sum(), (1 - label[recent]).sum()) < LEAST_OF_A_CLASS:
        recent = np.ones(len(sample), dtype=np.bool_)
    curve = fit_platt(guesses[recent], label[recent])
    taught = thinned(rows, MOST_ROWS)
    booster = fit(numbers(taught, features), labels_of(taught))
    return ChurnFit(booster, curve, cohort, label, curve.apply(guesses))


def across_cohorts(fitted: ChurnFit) -> dict[str, dict[str, float]]:
    """`cohorts` → means of the metrics over cohorts with both outcomes, their number and the spread of roc_auc."""
    figures = [
        churn_metrics(fitted.label[held], fitted.held_out[held])
        for held in (fitted.cohort == number for number in np.unique(fitted.cohort))
        if 0 < fitted.label[held].sum() < held.sum()
    ]
    if not figures:
        return {}
    means = {name: float(np.mean([one[name] for one in figures])) for name in figures[0]}
    spread = float(np.std([one["roc_auc"] for one in figures]))
    return {"cohorts": means | {"roc_auc_spread": spread, "cohorts": float(len(figures))}}


def churn_metrics(truth: Floats, probability: Floats) -> dict[str, float]:
    """Discrimination and calibration of probabilities."""
    return {
        "roc_auc": roc_auc(truth, probability),
        "pr_auc": pr_auc(truth, probability),
        "brier": brier(truth, probability),
        "ece": expected_calibration_error(truth, probability),
    }


def labels_of(rows: pd.DataFrame) -> Floats:
    """Label column, 1 for those who left."""
    return numbers(rows, [LABEL])[:, 0]
