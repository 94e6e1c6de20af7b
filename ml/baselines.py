"""The simple answers that stand beside every model."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.calibration import fit_isotonic
from ml.preprocess import numbers

Floats = npt.NDArray[np.float64]


class Window(NamedTuple):
    """A windowed feature and the factor that brings its window to the horizon."""

    column: str
    factor: float


def last_period(columns: list[str], prefix: str, horizon_days: int) -> Window | None:
    """The feature `<prefix>_<n>d` whose window is nearest to the horizon in ratio; None where there is none."""
    found = [(int(match[1]), column) for column in columns if (match := re.fullmatch(rf"{prefix}_(\d+)d", column))]
    if not found:
        return None
    days, column = min(found, key=lambda window: (abs(np.log(window[0] / horizon_days)), window[0]))
    return Window(column, horizon_days / days)


def churn_baselines(train: pd.DataFrame, labels: Floats, judge: pd.DataFrame, horizon_days: int) -> dict[str, Floats]:
    """Churn probabilities on `judge` by one feature each, made fair by an isotonic fit on the training rows.

    Returns:
        `recency` (days since the last order) and `previous_period` (orders in the last period as long as the
        horizon), as far as the frame has the features.
    """
    scores: dict[str, tuple[Floats, Floats]] = {}
    if "recency_days" in judge.columns:
        scores["recency"] = _both(train, judge, "recency_days", 1.0)
    window = last_period(list(judge.columns), "orders", horizon_days)
    if window is not None:
        scores["previous_period"] = _both(train, judge, window.column, -1.0)
    return {name: fit_isotonic(own, labels).apply(other) for name, (own, other) in scores.items()}


def value_baselines(train_target: Floats, judge: pd.DataFrame, horizon_days: int) -> dict[str, Floats]:
    """Spend guesses on `judge`: `previous_period` (spend of the last equal period) and `mean` (everybody's)."""
    guesses = {"mean": np.full(len(judge), float(train_target.mean()))}
    window = last_period(list(judge.columns), "spend", horizon_days)
    if window is not None:
        guesses["previous_period"] = np.nan_to_num(numbers(judge, [window.column])[:, 0]) * window.factor
    return guesses


def _both(train: pd.DataFrame, judge: pd.DataFrame, column: str, sign: float) -> tuple[Floats, Floats]:
    """Feature on both frames; a missing value counts as the least active customer of the training rows."""
    own, other = sign * numbers(train, [column])[:, 0], sign * numbers(judge, [column])[:, 0]
    worst = float(np.nanmax(own)) if np.isfinite(own).any() else 0.0
    return np.where(np.isfinite(own), own, worst), np.where(np.isfinite(other), other, worst)
