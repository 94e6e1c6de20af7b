"""The simple answers that stand beside every model."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.calibration import fit_isotonic
from ml.cutoffs import latest_rows
from ml.lifetime import LifetimeBaseline, fit_lifetime, purchase_history
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


class Guesses(NamedTuple):
    """What each simple answer says of the judging rows, and what one of them had to give up on."""

    by_name: dict[str, Floats]
    notes: tuple[str, ...]


def churn_baselines(
    train: pd.DataFrame, labels: Floats, judge: pd.DataFrame, horizon_days: int, process: LifetimeBaseline | None
) -> Guesses:
    """Churn probabilities on `judge` without a learned model, as far as the frame has the features.

    Returns:
        `recency` (days since the last order) and `previous_period` (orders in the last period as long as the
        horizon), each made fair by an isotonic fit on the training rows; and the exact probability of no purchase by
        `bg_nbd`, or `mbg_nbd` or `nbd` where that does not converge, from `purchase_process`.
    """
    scores: dict[str, tuple[Floats, Floats]] = {}
    if "recency_days" in judge.columns:
        scores["recency"] = _both(train, judge, "recency_days", 1.0)
    window = last_period(list(judge.columns), "orders", horizon_days)
    if window is not None:
        scores["previous_period"] = _both(train, judge, window.column, -1.0)
    guesses = {name: fit_isotonic(own, labels).apply(other) for name, (own, other) in scores.items()}
    history = purchase_history(judge)
    if process is None or history is None:
        return Guesses(guesses, ())
    guesses[process.name] = process.churn(history, horizon_days)
    return Guesses(guesses, tuple(filter(None, [process.note])))


def value_baselines(spend: Floats, judge: pd.DataFrame, horizon_days: int, process: LifetimeBaseline | None) -> Guesses:
    """Spend guesses on `judge`, as far as the frame has the features.

    Returns:
        `previous_period` (spend of the last equal period), `mean` (everybody's) and, named as in `churn_baselines`,
        expected purchases times the Gamma-Gamma amount.
    """
    guesses = {"mean": np.full(len(judge), float(spend.mean()))}
    window = last_period(list(judge.columns), "spend", horizon_days)
    if window is not None:
        guesses["previous_period"] = np.nan_to_num(numbers(judge, [window.column])[:, 0]) * window.factor
    history = purchase_history(judge)
    if process is None or history is None:
        return Guesses(guesses, ())
    guesses[process.name] = process.spend(history, horizon_days)
    return Guesses(guesses, tuple(filter(None, [process.note])))


def purchase_process(train: pd.DataFrame) -> LifetimeBaseline | None:
    """The purchase process of the latest training cut-off; None where the frame lacks the columns."""
    return fit_lifetime(train.loc[latest_rows(train, 1)]) if "as_of" in train.columns else fit_lifetime(train)


def _both(train: pd.DataFrame, judge: pd.DataFrame, column: str, sign: float) -> tuple[Floats, Floats]:
    """Feature on both frames; a missing value counts as the least active customer of the training rows."""
    own, other = sign * numbers(train, [column])[:, 0], sign * numbers(judge, [column])[:, 0]
    worst = float(np.nanmax(own)) if np.isfinite(own).any() else 0.0
    return np.where(np.isfinite(own), own, worst), np.where(np.isfinite(other), other, worst)
