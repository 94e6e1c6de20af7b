"""Scores of today against those of the training, and what matured labels say of earlier ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ml.drift import in_season, population_stability_index
from orchestration.drift.mixes import SEASON_DAYS, YEAR_DAYS
from orchestration.drift.reading import LOSS, SCORE, Reading

Floats = npt.NDArray[np.float64]
# By model the column of its scores, of customers with a figure of their own.
SCORES: Final = {
    "churn": ("ml.churn_score", "churn_probability"),
    "churn_near": ("ml.churn_score", "near_probability"),
    "value": ("ml.value_score", "ltv_amount"),
    "value_near": ("ml.value_score", "near_amount"),
}
# Losses that matter, and whether more of the figure is better.
FIGURES: Final = {"roc_auc": True, "ece": False, "normalised_gini": True}


def score_reading(
    name: str, scores: Floats, fitted: Sequence[float], kept: Mapping[date, Sequence[float]], today: date
) -> Reading | None:
    """How far today's scores are from those at the training, or from those of the same weeks of last year.

    Args:
        name: the model.
        scores: of customers with a figure of their own.
        fitted: quantiles of the scores at the training (`score_points`).
        kept: quantiles by earlier day.
        today: the day of the run.
    """
    if not len(scores) or not fitted:
        return None
    index = population_stability_index(list(fitted), scores)
    past = {abs((today - day).days - YEAR_DAYS): points for day, points in kept.items()}
    nearest = min(past, default=SEASON_DAYS + 1)
    last_year = population_stability_index(list(past[nearest]), scores) if nearest <= SEASON_DAYS else None
    middle = (float(np.median(fitted)), float(np.median(scores)))
    told = f"{name}: median score {middle[0]:.3g} at the training, {middle[1]:.3g} now"
    return Reading(SCORE, name, in_season(index, last_year), told)


def loss_readings(name: str, judged: Mapping[str, Any], matured: Mapping[str, float]) -> list[Reading]:
    """What a model's figures lost on labels that came since, against its own judging; 0 where they got better."""
    own = judged.get("model", {})
    found = []
    for figure, rises in FIGURES.items():
        if figure in matured and isinstance(own, Mapping) and figure in own:
            before, now = float(own[figure]), matured[figure]
            loss = before - now if rises else now - before
            told = f"{name}: {figure} {before:.3f} when it was judged, {now:.3f} on labels that came since"
            found.append(Reading(LOSS, f"{name}:{figure}", max(loss, 0.0), told))
    return found
