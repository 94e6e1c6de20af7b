"""Figures behind the card of each kind of model, from what was judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from ml.cards.evidence import calibration_groups, deciles, metric_intervals, score_points
from ml.cards.voices import voices
from ml.champion import Twin
from ml.churn_fit import churn_metrics
from ml.clicks import EVERYBODY
from ml.value import value_metrics
from orchestration.horizons.names import NEAR_SUFFIX

Floats = npt.NDArray[np.float64]
LOUDEST: Final = 30
MOST_EFFECTS: Final = 16
Row = tuple[str, float, float | None, float | None]


class Shown(NamedTuple):
    """What a card keeps: intervals by competitor and metric, and the figures of its pictures."""

    intervals: Mapping[str, Any]
    evidence: Mapping[str, Any]


def evidence_for(name: str, model: Any, metrics: Mapping[str, Any], seed: int) -> Shown:
    """Intervals and pictures of a model that was just trained; what its kind does not have is left out."""
    if name == "clicks":
        return _clicks(model)
    show = SHOW.get(name.removesuffix(NEAR_SUFFIX))
    if show is None or getattr(model, "twin", None) is None:
        return Shown({}, {})
    return show(model, metrics, seed)


def _churn(model: Any, metrics: Mapping[str, Any], seed: int) -> Shown:
    twin: Twin = model.twin
    intervals = metric_intervals(twin.truth, twin.guesses, churn_metrics, seed)
    return Shown(
        intervals,
        {
            "calibration": calibration_groups(twin.truth, twin.guesses["model"]),
            "deciles": deciles(twin.truth, twin.guesses["model"]),
            "voices": voices(model, twin.rows)[:LOUDEST],
            "baselines": beside("ROC-AUC (further right is better)", "roc_auc", metrics, intervals),
            "score_points": score_points(model.predict(twin.rows)),
        },
    )


def _value(model: Any, metrics: Mapping[str, Any], seed: int) -> Shown:
    twin: Twin = model.twin
    intervals = metric_intervals(twin.truth, twin.guesses, value_metrics, seed)
    return Shown(
        intervals,
        {
            "deciles": deciles(twin.truth, twin.guesses["model"]),
            "voices": voices(model, twin.rows)[:LOUDEST],
            "baselines": beside("normalised Gini (further right is better)", "normalised_gini", metrics, intervals),
            "score_points": score_points(model.predict(twin.rows).amount),
        },
    )


def _promise(title: str, metric: str) -> Callable[[Any, Mapping[str, Any], int], Shown]:
    """A probability among other answers: its calibration, and one metric beside its baselines."""

    def show(model: Any, metrics: Mapping[str, Any], _seed: int) -> Shown:
        twin: Twin = model.twin
        groups = calibration_groups(twin.truth, twin.guesses["model"])
        return Shown({}, {"calibration": groups, "baselines": beside(title, metric, metrics, {})})

    return show


def _category(_model: Any, metrics: Mapping[str, Any], _seed: int) -> Shown:
    return Shown({}, {"baselines": beside("first category among the best three", "top_3", metrics, {})})


def _lists(_model: Any, metrics: Mapping[str, Any], _seed: int) -> Shown:
    ends = {who: {"ndcg": (row["ndcg_low"], row["ndcg_high"])} for who, row in metrics.items()}
    return Shown(ends, {"baselines": beside("NDCG@10 (further right is better)", "ndcg", metrics, ends)})


def _segments(model: Any, _metrics: Mapping[str, Any], _seed: int) -> Shown:
    rows: Sequence[Row] = [
        (
            "model" if tried == model.twin.model.chosen else f"{tried.k} segments",
            tried.stability,
            tried.stability_p10,
            tried.stability,
        )
        for tried in model.twin.model.candidates
    ]
    return Shown({}, {"baselines": {"title": "stability under resampling, down to its worst tenth", "rows": rows}})


def _clicks(model: Any) -> Shown:
    """Effects over everybody, the attribute that moves clicks most first."""
    told = [row for row in model.model.rows if row["segment"] == EVERYBODY][:MOST_EFFECTS]
    rows: Sequence[Row] = [
        (f"{row['level']} ({row['attribute']})", row["effect"], row["low"], row["high"]) for row in told
    ]
    return Shown({}, {"baselines": {"title": "log-odds of a click against the mean level, 95 %", "rows": rows}})


def beside(title: str, metric: str, metrics: Mapping[str, Any], intervals: Mapping[str, Any]) -> dict[str, Any]:
    """One metric of the model and of every simple answer, with its interval where there is one."""
    rows: list[Row] = []
    for who, row in metrics.items():
        if isinstance(row, Mapping) and metric in row and who != "cohorts":
            low, high = intervals.get(who, {}).get(metric, (None, None))
            rows.append((who, float(row[metric]), low, high))
    return {"title": title, "rows": rows} if rows else {}


SHOW: Final[dict[str, Callable[[Any, Mapping[str, Any], int], Shown]]] = {
    "churn": _churn,
    "value": _value,
    "next_purchase": _promise("share of weeks named rightly", "week_hit_rate"),
    "next_category": _category,
    "price": _promise("AUC of deal seekers (further right is better)", "seeker_auc"),
    "recommendations": _lists,
    "segments": _segments,
}
