"""Churn: the probability that a customer places no order within the horizon."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.baselines import churn_baselines, purchase_process
from ml.calibration import Curve, curve_from_json, curve_to_json
from ml.champion import Twin
from ml.churn_fit import (
    LABEL,
    LEAST_OF_A_CLASS,
    ChurnFit,
    TreesAndLine,
    across_cohorts,
    churn_metrics,
    fit_churn,
    fit_mixed,
    labels_of,
    served_curve,
)
from ml.cutoffs import CutoffSplit, cutoff_dates, has_ordered, split_at
from ml.errors import NotTrainable
from ml.leaks import refuse_leaks
from ml.lifetime import LifetimeBaseline, process_columns, process_from_json, process_to_json, with_process
from ml.preprocess import numbers

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ChurnModel:
    """The served model, and what its twin trained on earlier cut-offs achieved on the later one.

    Attributes:
        metrics: `model` and each of `churn_baselines` → roc_auc, pr_auc, brier, ece on the judging cut-off; `cohorts` →
            the same, averaged over held-out acquisition cohorts of the training rows, with the spread of roc_auc.
        process: the fitted purchase process whose expectations are two more columns of the model.
        notes: what did not work out in training, one sentence each.
        base_rate: share of churners in training; the answer for people who never ordered.
        cutoffs: cut-offs of the final fit; `judge_cutoff` and `train_cutoffs` those of the metrics.
        importance: feature → its share in trees (loss reduction) and line (weights), largest first.
        twin: what was judged; only in memory, right after training.
    """

    features: tuple[str, ...]
    horizon_days: int
    mixed: TreesAndLine
    curve: Curve
    base_rate: float
    metrics: dict[str, dict[str, float]]
    cutoffs: tuple[str, ...]
    train_cutoffs: tuple[str, ...]
    judge_cutoff: str
    importance: dict[str, float]
    notes: tuple[str, ...] = ()
    process: LifetimeBaseline | None = None
    twin: Twin | None = field(default=None, repr=False, compare=False)

    def predict(self, features: pd.DataFrame) -> Floats:
        """Churn probability of each row, always within (0, 1)."""
        columns = (*self.features, *process_columns(self.process))
        matrix = numbers(with_process(features, self.process, self.horizon_days), columns)
        scores = self.curve.apply(self.mixed.predict(matrix))
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
            "notes": self.notes,
        }
        return {
            "churn.json": json.dumps(facts, indent=1).encode(),
            "churn_calibration.json": curve_to_json(self.curve).encode(),
            **self.mixed.files(),
            "churn_process.json": process_to_json(self.process).encode(),
        }

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> ChurnModel:
        """The model that `files()` wrote."""
        facts = json.loads(files["churn.json"])
        for name in ("features", "cutoffs", "train_cutoffs", "notes"):
            facts[name] = tuple(facts.get(name, ()))
        curve = curve_from_json(files["churn_calibration.json"].decode())
        process = process_from_json(files.get("churn_process.json", b"null").decode())
        return cls(process=process, mixed=TreesAndLine.from_files(files), curve=curve, **facts)


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
        NotTrainable: too few rows, one class only, too few of a class on either side, or (`LeakSuspected`) a feature
            that knows the future.
    """
    split = split_at(frame, LABEL, judge, horizon_days)
    for name, rows in (("training", split.train), ("judging", split.judge)):
        _require_classes(name, rows)
    refuse_leaks(split.everything, features, labels_of(split.everything) > 0)
    judged = judged_churn(split, features, horizon_days, seed)
    metrics = {name: churn_metrics(judged.truth, guess) for name, guess in judged.guesses.items()}
    process = purchase_process(split.everything)
    columns = [*features, *process_columns(process)]
    mixed = fit_mixed(with_process(split.everything, process, horizon_days), columns, seed)
    gains = dict(zip(columns, mixed.gains().tolist(), strict=True))
    return ChurnModel(
        features=tuple(features),
        horizon_days=horizon_days,
        mixed=mixed,
        curve=served_curve(judged.fitted, judged.scores, judged.truth),
        base_rate=float(labels_of(split.everything).mean()),
        metrics=metrics | across_cohorts(judged.fitted),
        cutoffs=tuple(cutoff_dates(split.everything)),
        train_cutoffs=tuple(split.train_cutoffs),
        judge_cutoff=cutoff_dates(split.judge)[0],
        importance=dict(sorted(gains.items(), key=lambda item: (-item[1], item[0]))),
        notes=judged.notes,
        process=process,
        twin=_twin(split, judged, features, horizon_days),
    )


class JudgedChurn(NamedTuple):
    """What the training rows teach, and what it and the baselines say of each judging row; `scores`: uncalibrated."""

    fitted: ChurnFit
    truth: Floats
    scores: Floats
    guesses: dict[str, Floats]
    notes: tuple[str, ...]
    process: LifetimeBaseline | None


def judged_churn(split: CutoffSplit, features: Sequence[str], horizon_days: int, seed: int) -> JudgedChurn:
    """The twin that judges: taught by the training rows alone; `guesses` has `model` and the baselines."""
    process = purchase_process(split.train)
    columns = [*features, *process_columns(process)]
    train, later = (with_process(rows, process, horizon_days) for rows in (split.train, split.judge))
    fitted = fit_churn(train, columns, seed)
    scores = fitted.mixed.predict(numbers(later, columns))
    guesses, notes = churn_baselines(train, labels_of(train), later, horizon_days, process)
    guesses["model"] = fitted.curve.apply(scores)
    return JudgedChurn(fitted, labels_of(later), scores, guesses, notes, process)


def _twin(split: CutoffSplit, judged: JudgedChurn, features: Sequence[str], horizon_days: int) -> Twin:
    model = ChurnModel(
        features=tuple(features),
        horizon_days=horizon_days,
        mixed=judged.fitted.mixed,
        curve=judged.fitted.curve,
        base_rate=float(labels_of(split.train).mean()),
        metrics={},
        cutoffs=tuple(split.train_cutoffs),
        train_cutoffs=(),
        judge_cutoff=cutoff_dates(split.judge)[0],
        importance={},
        process=judged.process,
    )
    return Twin(model, split.judge, judged.truth, judged.guesses)


def _require_classes(name: str, rows: pd.DataFrame) -> None:
    churned = int(labels_of(rows).sum())
    stayed = len(rows) - churned
    if min(churned, stayed) < LEAST_OF_A_CLASS:
        raise NotTrainable(
            f"{name}: {churned} customers left and {stayed} stayed; at least {LEAST_OF_A_CLASS} of each are needed"
        )
