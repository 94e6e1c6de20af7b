"""A feature that knows the future is named before anything is trained on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ml.churn import train_churn
from ml.errors import NotTrainable
from ml.leaks import LeakSuspected, refuse_leaks, single_feature_auc
from ml.value import train_value
from tests.ml.histories import FEATURES, HORIZON, JUDGE, training_frame

FRAME = training_frame()
LEFT = (FRAME["churned"] == 1).to_numpy()
NOISE = np.random.default_rng(8).normal(0, 0.02, len(FRAME))


@pytest.mark.parametrize(
    "planted",
    [
        FRAME["churned"] + NOISE,
        -FRAME["spend_horizon_amount"],
        # Known only of those who came back, as a date of delivery would be.
        FRAME["spend_horizon_amount"].where(FRAME["churned"] == 0).notna().map({True: 1.0, False: np.nan}),
    ],
    ids=["the label with noise", "spend of the window", "missing for those who left"],
)
@pytest.mark.parametrize("train", [train_churn, train_value])
def test_a_planted_leak_refuses_training(train: Callable[..., Any], planted: pd.Series) -> None:
    frame = FRAME.assign(planted=planted)
    with pytest.raises(LeakSuspected, match=r"features\.planted: alone it tells the outcome with AUC (0\.9|1\.0)"):
        train(frame, [*FEATURES, "planted"], judge=JUDGE, horizon_days=HORIZON, seed=1)


def test_honest_features_pass() -> None:
    refuse_leaks(FRAME, FEATURES, LEFT)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        (
            "last_order_at",
            pd.Timestamp("2017-08-01"),
            r"features.last_order_at: 300 values are not before their cut-off",
        ),
        ("recency_days", -3.0, r"features.recency_days: 300 values are below 0 \(least -3\)"),
        ("days_since_last_visit", -1.0, r"features.days_since_last_visit: 300 values"),
    ],
)
def test_a_feature_newer_than_its_cutoff_is_refused(column: str, value: object, said: str) -> None:
    at_judge = (FRAME["as_of"] == JUDGE).to_numpy()
    frame = FRAME.assign(**{column: FRAME.get(column)})
    frame[column] = [value if newer else known for newer, known in zip(at_judge, frame[column], strict=True)]
    with pytest.raises(LeakSuspected, match=said):
        refuse_leaks(frame, FEATURES, LEFT)


def test_a_leak_is_a_verdict_so_that_the_previous_model_goes_on_serving() -> None:
    assert issubclass(LeakSuspected, NotTrainable)


def test_too_few_of_a_class_prove_nothing() -> None:
    few = np.zeros(len(FRAME), dtype=np.bool_)
    few[:19] = True
    refuse_leaks(FRAME.assign(planted=few.astype(float)), ["planted"], few)


def test_the_auc_of_one_feature_in_either_direction() -> None:
    labels = np.array([0.0, 0, 1, 1])
    assert single_feature_auc(labels, np.array([4.0, 3, 2, 1])) == 1.0
    assert single_feature_auc(labels, np.array([np.nan, np.nan, 5, 5])) == 1.0
    assert single_feature_auc(labels, np.full(4, np.nan)) == 0.5
