"""Lifetime value over a horizon: expected spend and an 80 % interval."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.baselines import purchase_process, value_baselines
from ml.boosting import Booster
from ml.champion import Twin
from ml.cutoffs import CutoffSplit, cutoff_dates, has_ordered, split_at
from ml.errors import NotTrainable
from ml.evaluation import decile_error, interval_coverage, normalised_gini, spearman, total_ratio
from ml.leaks import refuse_leaks
from ml.lifetime import LifetimeBaseline, process_columns, process_from_json, process_to_json, with_process
from ml.preprocess import numbers
from ml.value_fit import COVERAGE, LABEL, Seen, ValueFit, ValueScores, fit_value, refit_value, spend_of
from ml.value_forms import LEAST_BUYERS, form_from_files

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ValueModel:
    """The served model, and what its twin trained on earlier cut-offs achieved on the later one.

    Attributes:
        metrics: `model` and each of `value_baselines` → normalised_gini, spearman, total_ratio, decile_error; the model
            also has coverage and interval_width of its 80 % interval.
        process: the fitted purchase process whose expectations are two more columns of the boosters.
        notes: what did not work out in training, and which form was chosen, one sentence each.
        fallback: amount, low and high for people who never ordered: mean and outer deciles of everybody.
        twin: what was judged; only in memory, right after training.
    """

    features: tuple[str, ...]
    horizon_days: int
    fit: ValueFit
    fallback: tuple[float, float, float]
    metrics: dict[str, dict[str, float]]
    cutoffs: tuple[str, ...]
    train_cutoffs: tuple[str, ...]
    judge_cutoff: str
    importance: dict[str, float]
    notes: tuple[str, ...] = ()
    process: LifetimeBaseline | None = None
    twin: Twin | None = field(default=None, repr=False, compare=False)

    def predict(self, features: pd.DataFrame) -> ValueScores:
        """Expected spend and interval of each row."""
        columns = (*self.features, *process_columns(self.process))
        scores = self.fit.predict(numbers(with_process(features, self.process, self.horizon_days), columns))
        known = has_ordered(features).to_numpy(dtype=bool)
        return ValueScores(
            *(np.where(known, column, fallback) for column, fallback in zip(scores, self.fallback, strict=True))
        )

    def files(self) -> dict[str, bytes]:
        """The model as text: LightGBM's own format and JSON."""
        facts = {
            "features": self.features,
            "horizon_days": self.horizon_days,
            "margin": self.fit.margin,
            "ceiling": self.fit.ceiling,
            "fallback": self.fallback,
            "metrics": self.metrics,
            "cutoffs": self.cutoffs,
            "train_cutoffs": self.train_cutoffs,
            "judge_cutoff": self.judge_cutoff,
            "importance": self.importance,
            "notes": self.notes,
            "form": self.fit.form,
            "losses": self.fit.losses,
        }
        return {
            "value.json": json.dumps(facts, indent=1).encode(),
            **self.fit.mean.files(),
            "value_process.json": process_to_json(self.process).encode(),
            "value_lower_lightgbm.txt": self.fit.lower.to_bytes(),
            "value_upper_lightgbm.txt": self.fit.upper.to_bytes(),
        }

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> ValueModel:
        """The model that `files()` wrote."""
        facts = json.loads(files["value.json"])
        for name in ("features", "fallback", "cutoffs", "train_cutoffs", "notes"):
            facts[name] = tuple(facts.get(name, ()))
        lower, upper = (Booster.from_bytes(files[f"value_{part}_lightgbm.txt"]) for part in ("lower", "upper"))
        form, losses = facts.pop("form", "tweedie"), facts.pop("losses", {})
        margin, ceiling = facts.pop("margin"), facts.pop("ceiling")
        fit = ValueFit(form, losses, form_from_files(files), lower, upper, margin, ceiling)
        return cls(fit=fit, process=process_from_json(files.get("value_process.json", b"null").decode()), **facts)


def train_value(
    frame: pd.DataFrame, features: Sequence[str], *, judge: datetime, horizon_days: int, seed: int
) -> ValueModel:
    """Judge on the cut-off `judge` what earlier cut-offs teach, then refit on all of them with the same parameters.

    Args:
        frame: training frame: customer_id, as_of, `features`, spend_horizon_amount (null = unknown; refunds beyond
            the purchases count as 0).
        judge, horizon_days, seed: as in `train_churn`.

    Raises:
        NotTrainable: too few rows, or fewer than 20 buyers in the horizon, on either side, or (`LeakSuspected`) a
            feature that knows the future.
    """
    split = split_at(frame, LABEL, judge, horizon_days)
    for name, rows in (("training", split.train), ("judging", split.judge)):
        buyers = int((spend_of(rows) > 0).sum())
        if buyers < LEAST_BUYERS:
            raise NotTrainable(
                f"{name}: {buyers} customers spent anything in the horizon; at least {LEAST_BUYERS} are needed"
            )
    refuse_leaks(split.everything, features, spend_of(split.everything) > 0)
    judged = judged_value(split, features, horizon_days, seed)
    metrics = {name: value_metrics(judged.truth, guess) for name, guess in judged.guesses.items()}
    metrics["model"] |= interval_metrics(judged.truth, judged.scores)
    process = purchase_process(split.everything)
    columns = [*features, *process_columns(process)]
    everything = with_process(split.everything, process, horizon_days)
    final = refit_value(everything, columns, seed, judged.fitted, Seen(judged.matrix, judged.truth))
    gains = dict(zip(columns, final.mean.gains().tolist(), strict=True))
    return ValueModel(
        features=tuple(features),
        horizon_days=horizon_days,
        fit=final,
        fallback=_fallback(spend_of(split.everything)),
        metrics=metrics,
        cutoffs=tuple(cutoff_dates(split.everything)),
        train_cutoffs=tuple(split.train_cutoffs),
        judge_cutoff=cutoff_dates(split.judge)[0],
        importance=dict(sorted(gains.items(), key=lambda item: (-item[1], item[0]))),
        notes=(*judged.notes, *_choice(judged.fitted)),
        process=process,
        twin=_twin(split, judged, features, horizon_days),
    )


class JudgedValue(NamedTuple):
    """What the training rows teach, and what it and the baselines say of each judging row, read as `matrix`."""

    fitted: ValueFit
    truth: Floats
    matrix: Floats
    scores: ValueScores
    guesses: dict[str, Floats]
    notes: tuple[str, ...]
    process: LifetimeBaseline | None


def judged_value(split: CutoffSplit, features: Sequence[str], horizon_days: int, seed: int) -> JudgedValue:
    """The twin that judges: taught by the training rows alone; `guesses` has `model` and the baselines."""
    process = purchase_process(split.train)
    columns = [*features, *process_columns(process)]
    train, later = (with_process(rows, process, horizon_days) for rows in (split.train, split.judge))
    fitted = fit_value(train, columns, seed)
    matrix = numbers(later, columns)
    scores = fitted.predict(matrix)
    guesses, notes = value_baselines(spend_of(train), later, horizon_days, process)
    return JudgedValue(fitted, spend_of(later), matrix, scores, guesses | {"model": scores.amount}, notes, process)


def _twin(split: CutoffSplit, judged: JudgedValue, features: Sequence[str], horizon_days: int) -> Twin:
    model = ValueModel(
        features=tuple(features),
        horizon_days=horizon_days,
        fit=judged.fitted,
        fallback=_fallback(spend_of(split.train)),
        metrics={},
        cutoffs=tuple(split.train_cutoffs),
        train_cutoffs=(),
        judge_cutoff=cutoff_dates(split.judge)[0],
        importance={},
        process=judged.process,
    )
    return Twin(model, split.judge, judged.truth, judged.guesses)


def value_metrics(truth: Floats, amount: Floats) -> dict[str, float]:
    """Ranking, level and shape of a spend forecast; no single one of them is enough."""
    return {
        "normalised_gini": normalised_gini(truth, amount),
        "spearman": spearman(truth, amount),
        "total_ratio": total_ratio(truth, amount),
        "decile_error": decile_error(truth, amount),
    }


def _choice(judged: ValueFit) -> tuple[str, ...]:
    if not judged.losses:
        return ()
    losses = ", ".join(f"{name} {loss:.3f}" for name, loss in judged.losses.items())
    return (f"{judged.form} was chosen by Gini, total ratio and decile error on held-out cohorts (loss: {losses})",)


def interval_metrics(truth: Floats, scores: ValueScores) -> dict[str, float]:
    """How often the 80 % interval held the truth, and its mean width."""
    covered = interval_coverage(truth, scores.low, scores.high)
    return {"coverage": covered.share, "interval_width": covered.mean_width}


def _fallback(spend: Floats) -> tuple[float, float, float]:
    low, high = np.quantile(spend, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    mean = float(spend.mean())
    return mean, min(float(low), mean), max(float(high), mean)
