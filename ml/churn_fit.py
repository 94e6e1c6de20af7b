"""The fitted churn model: boosted trees and a line together, a calibration curve, and what held-out cohorts say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.boosting import Booster, BoostingPlan, out_of_fold
from ml.calibration import Curve, fit_platt, logit
from ml.cohorts import COHORTS, MOST_ROWS, acquisition_cohorts, thinned
from ml.cutoffs import latest_rows
from ml.evaluation import brier, expected_calibration_error, pr_auc, roc_auc
from ml.line import Line, fit_odds
from ml.monotone import activity_signs
from ml.preprocess import numbers

Floats = npt.NDArray[np.float64]
LABEL = "churned"
# Below 20 of the rarer class, a curve or a ranking of those few people is luck.
LEAST_OF_A_CLASS = 20
# Probabilities follow the last two cut-offs: early ones know every customer for a few weeks only and churn less.
CALIBRATION_CUTOFFS = 2


@dataclass(frozen=True)
class TreesAndLine:
    """The mean of two log-odds: trees find steps and exceptions, the line what holds throughout.

    On held-out periods the mean ranked above the trees by 0.002 to 0.014 of AUC, most where rows are few. A version
    stored before there was a line has none.
    """

    trees: Booster
    line: Line | None

    def predict(self, matrix: Floats) -> Floats:
        """Probability a row, within (0, 1), not calibrated yet."""
        if self.line is None:
            return self.trees.predict(matrix)
        odds = 0.5 * (logit(self.trees.predict(matrix)) + self.line.score(matrix))
        return np.asarray(0.5 * (1.0 + np.tanh(0.5 * odds)), dtype=np.float64)

    def gains(self) -> Floats:
        """Mean of the shares that a feature has in both."""
        return self.trees.gains() if self.line is None else (self.trees.gains() + self.line.gains()) / 2.0

    def files(self) -> dict[str, bytes]:
        """LightGBM's text and JSON."""
        line = {} if self.line is None else {"churn_line.json": self.line.to_bytes()}
        return {"churn_lightgbm.txt": self.trees.to_bytes(), **line}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> TreesAndLine:
        """What `files` wrote."""
        line = files.get("churn_line.json")
        trees = Booster.from_bytes(files["churn_lightgbm.txt"])
        return cls(trees, None if line is None else Line.from_bytes(line))


@dataclass(frozen=True)
class ChurnFit:
    """A model with its curve; of each sampled training row its cohort, label, held-out score and cut-off's recency.

    Attributes:
        raw: held-out score of each sampled row, before the curve.
        latest: whether the row is of the last training cut-off.
    """

    mixed: TreesAndLine
    curve: Curve
    cohort: npt.NDArray[np.int64]
    label: Floats
    raw: Floats
    latest: npt.NDArray[np.bool_]

    @property
    def held_out(self) -> Floats:
        """Held-out probability of each sampled row."""
        return self.curve.apply(self.raw)


def fit_churn(rows: pd.DataFrame, features: Sequence[str], seed: int, *, folds: int = COHORTS) -> ChurnFit:
    """Fit on training rows (cut-offs pooled), calibrate on predictions for cohorts that the model did not see."""
    number, sampled = acquisition_cohorts(rows)
    sample, cohort = rows.loc[sampled], number[sampled]
    label = labels_of(sample)
    fit = partial(_mixed, features, seed)
    guesses = out_of_fold(fit, numbers(sample, features), label, cohort % folds)
    recent = latest_rows(sample, CALIBRATION_CUTOFFS)
    if min(label[recent].sum(), (1 - label[recent]).sum()) < LEAST_OF_A_CLASS:
        recent = np.ones(len(sample), dtype=np.bool_)
    curve = fit_platt(guesses[recent], label[recent])
    return ChurnFit(fit_mixed(rows, features, seed), curve, cohort, label, guesses, latest_rows(sample, 1))


def fit_mixed(rows: pd.DataFrame, features: Sequence[str], seed: int) -> TreesAndLine:
    """Trees and line on all rows, or on about `MOST_ROWS` of them."""
    taught = thinned(rows, MOST_ROWS)
    return _mixed(features, seed, numbers(taught, features), labels_of(taught))


def served_curve(judged: ChurnFit, scores: Floats, labels: Floats) -> Curve:
    """The curve of the refitted model: from the twin's scores of customers, or of a period, that it had not seen.

    Args:
        judged: the twin; its last training cut-off is read.
        scores: what the twin says, uncalibrated, of the judging rows.
        labels: what became of them.
    """
    own = judged.latest
    return fit_platt(np.concatenate([judged.raw[own], scores]), np.concatenate([judged.label[own], labels]))


def _mixed(features: Sequence[str], seed: int, matrix: Floats, label: Floats) -> TreesAndLine:
    signs = activity_signs(features, rises=False)
    plan = BoostingPlan("binary", rounds=200, leaves=5, seed=seed, learning_rate=0.04, monotone=signs)
    return TreesAndLine(Booster.fit(plan, matrix, label), fit_odds(matrix, label, signs))


def across_cohorts(fitted: ChurnFit) -> dict[str, dict[str, float]]:
    """`cohorts` → means of the metrics over cohorts with both outcomes, their number and the spread of roc_auc."""
    held_out = fitted.held_out
    figures = [
        churn_metrics(fitted.label[held], held_out[held])
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
