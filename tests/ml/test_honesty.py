"""What must hold of every model that learns from the past."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ml.churn import train_churn
from ml.cutoffs import split_at
from ml.errors import NotTrainable
from ml.value import train_value
from tests.ml.histories import FEATURES, HORIZON, JUDGE, training_frame

TRAINERS = [train_churn, train_value]


def later_rows() -> pd.DataFrame:
    """Rows of a cut-off a week before the judging one, labelled with nonsense."""
    frame = training_frame()
    extra = frame.loc[frame["as_of"] == JUDGE].assign(as_of=JUDGE - pd.Timedelta(days=7))
    return pd.concat([frame, extra.assign(churned=1 - extra["churned"])], ignore_index=True)


def test_a_window_that_reaches_past_the_judging_day_does_not_teach() -> None:
    clean = split_at(training_frame(), "churned", JUDGE, HORIZON)
    mixed = split_at(later_rows(), "churned", JUDGE, HORIZON)
    pd.testing.assert_frame_equal(clean.train.reset_index(drop=True), mixed.train.reset_index(drop=True))
    ours = train_churn(training_frame(), FEATURES, judge=JUDGE, horizon_days=HORIZON, seed=1).metrics
    theirs = train_churn(later_rows(), FEATURES, judge=JUDGE, horizon_days=HORIZON, seed=1).metrics
    assert ours == theirs


@pytest.mark.parametrize("train", TRAINERS)
def test_every_figure_is_finite_and_every_baseline_stands_beside_the_model(train: Callable[..., Any]) -> None:
    model = train(training_frame(), FEATURES, judge=JUDGE, horizon_days=HORIZON, seed=3)
    figures = [value for row in model.metrics.values() for value in row.values()]
    assert np.isfinite(figures).all()
    assert {"model", "previous_period"} <= set(model.metrics)


@pytest.mark.parametrize("train", TRAINERS)
def test_constant_features_alone_give_everybody_the_same_figure(train: Callable[..., Any]) -> None:
    # Without the columns of the purchase process, which would tell customers apart.
    frame = training_frame().drop(columns="days_since_first_order")
    model = train(frame, ["constant"], judge=JUDGE, horizon_days=HORIZON, seed=3)
    scores = np.atleast_2d(np.array(model.predict(frame)))
    assert np.ptp(scores, axis=1).max() == 0.0
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("train", TRAINERS)
def test_the_seed_matters_and_nothing_else_does(train: Callable[..., Any]) -> None:
    first, other = (train(training_frame(), FEATURES, judge=JUDGE, horizon_days=HORIZON, seed=seed) for seed in (1, 2))
    assert first.files() != other.files()
    assert first.train_cutoffs == other.train_cutoffs


def test_the_verdict_carries_its_reason() -> None:
    verdict = NotTrainable("training: 0 rows")
    assert verdict.reason == str(verdict) == "training: 0 rows"
