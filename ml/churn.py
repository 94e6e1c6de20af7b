"""Churn: the probability that a customer places no order within the horizon."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.baselines import churn_baselines
from ml.boosting import Booster, BoostingPlan, out_of_fold
from ml.calibration import Curve, curve_from_json, curve_to_json, fit_platt
from ml.cutoffs import customer_folds, cutoff_dates, has_ordered, latest_rows, split_at
from ml.errors import NotTrainable
from ml.evaluation import brier, expected_calibration_error, pr_auc, roc_auc
from ml.preprocess import numbers

Floats = npt.NDArray[np.float64]
LABEL = "churned"
# Below 20 of the rarer class, the ranking of those few people is luck.
LEAST_OF_A_CLASS = 20
# Probabilities follow the last two cut-offs: early ones know every customer for a few weeks only and churn less.
CALIBRATION_CUTOFFS = 2


@dataclass(frozen=True)
class ChurnModel:
    """The served model, and what its twin trained on earlier cut-offs achieved on the later one.

    Attributes:
        metrics: `model`, `recency`, `previous_period` → roc_auc, pr_auc, brier, ece on the judging cut-off.
        base_rate: share of churners in training; the answer for people who never ordered.
        cutoffs: cut-offs of the final fit; `judge_cutoff` and `train_cutoffs` those of the metrics.
        importance: feature → share of loss reduction, largest first.
    """

    features: tuple[str, ...]
    horizon_days: int
    booster: Booster
    curve: Curve
    base_rate: float
    metrics: dict[str, dict[str, float]]
    cutoffs: tuple[str, ...]
    train_cutoffs: tuple[str, ...]
    judge_cutoff: str
    importance: dict[str, float]

    def predict(self, features: pd.DataFrame) -> Floats:
        """Churn probability of each row, always within (0, 1)."""
        scores = self.curve.apply(self.booster.predict(numbers(features, self.features)))
        return np.where(has_ordered(features).to_numpy(dtype=bool), scores, self.base_rate)

    def files(self) -> dict[str, bytes]:
        """The model as text: LightGBM's own format and JSON."""
        facts = {
            "features": self.features,
            "horizon_days": self.horizon_days,
            "base_rate": self.base_rate,
            "metrics": self.metrics,
            "cutoffs": self.cutoffs,
            "train_cutoffs": self.train_cutoffs,
            "judge_cutoff": self.judge_cutoff,
            "importance": self.importance,
        }
        return {
            "churn.json": json.dumps(facts, indent=1).encode(),
            "churn_calibration.json": curve_to_json(self.curve).encode(),
            "churn_lightgbm.txt": self.booster.to_bytes(),
        }

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> ChurnModel:
        """The model that `files()` wrote."""
        facts = json.loads(files["churn.json"])
        for name in ("features", "cutoffs", "train_cutoffs"):
            facts[name] = tuple(facts[name])
        curve = curve_from_json(files["churn_calibration.json"].decode())
        return cls(booster=Booster.from_bytes(files["churn_lightgbm.txt"]), curve=curve, **facts)


def train_churn(
    frame: pd.DataFrame, features: Sequence[str], *, judge: datetime, horizon_days: int, seed: int
) -> ChurnModel:
    """Judge on the cut-off `judge` what earlier cut-offs teach, then refit on all of them with the same parameters.

    Args:
        frame: training frame: customer_id, as_of, `features`, churned (0 or 1, null = unknown).
        features: numeric feature columns; nulls are allowed and mean "unknown".
        judge: the later cut-off. Rows teach only if their label window ended by then.
        horizon_days: length of the label window in days.
        seed: of bagging and feature sampling.

    Raises:
        NotTrainable: too few rows, one class only, or too few of a class on either side.
    """
    split = split_at(frame, LABEL, judge, horizon_days)
    for name, rows in (("training", split.train), ("judging", split.judge)):
        _require_classes(name, rows)
    booster, curve = _fit(split.train, features, seed)
    truth = _labels(split.judge)
    guesses = churn_baselines(split.train, _labels(split.train), split.judge, horizon_days)
    guesses["model"] = curve.apply(booster.predict(numbers(split.judge, features)))
    final, final_curve = _fit(split.everything, features, seed)
    gains = dict(zip(features, final.gains().tolist(), strict=True))
    return ChurnModel(
        features=tuple(features),
        horizon_days=horizon_days,
        booster=final,
        curve=final_curve,
        base_rate=float(_labels(split.everything).mean()),
        metrics={name: churn_metrics(truth, guess) for name, guess in guesses.items()},
        cutoffs=tuple(cutoff_dates(split.everything)),
        train_cutoffs=tuple(split.train_cutoffs),
        judge_cutoff=cutoff_dates(split.judge)[0],
        importance=dict(sorted(gains.items(), key=lambda item: (-item[1], item[0]))),
    )


def churn_metrics(truth: Floats, probability: Floats) -> dict[str, float]:
    """Discrimination and calibration of probabilities."""
    return {
        "roc_auc": roc_auc(truth, probability),
        "pr_auc": pr_auc(truth, probability),
        "brier": brier(truth, probability),
        "ece": expected_calibration_error(truth, probability),
    }


def _fit(rows: pd.DataFrame, features: Sequence[str], seed: int) -> tuple[Booster, Curve]:
    plan = BoostingPlan("binary", rounds=300, leaves=4, seed=seed)
    matrix, labels = numbers(rows, features), _labels(rows)
    guesses = out_of_fold(partial(Booster.fit, plan), matrix, labels, customer_folds(rows))
    recent = latest_rows(rows, CALIBRATION_CUTOFFS)
    if min(labels[recent].sum(), (1 - labels[recent]).sum()) < LEAST_OF_A_CLASS:
        recent = np.ones(len(rows), dtype=np.bool_)
    return Booster.fit(plan, matrix, labels), fit_platt(guesses[recent], labels[recent])


def _labels(rows: pd.DataFrame) -> Floats:
    return numbers(rows, [LABEL])[:, 0]


def _require_classes(name: str, rows: pd.DataFrame) -> None:
    churned = int(_labels(rows).sum())
    stayed = len(rows) - churned
    if min(churned, stayed) < LEAST_OF_A_CLASS:
        raise NotTrainable(
            f"{name}: {churned} customers left and {stayed} stayed; at least {LEAST_OF_A_CLASS} of each are needed"
        )
