"""Baselines: the right window, fair probabilities, and plain guesses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml.baselines import churn_baselines, last_period, purchase_process, value_baselines
from ml.evaluation import expected_calibration_error, roc_auc
from tests.ml.histories import CUTOFFS, training_frame

FRAME = training_frame(customers=1_000)
TRAIN = FRAME.loc[FRAME["as_of"] < pd.Timestamp(CUTOFFS[2], tz="UTC")]
JUDGE = FRAME.loc[FRAME["as_of"] == pd.Timestamp(CUTOFFS[2], tz="UTC")]


@pytest.mark.parametrize(
    ("horizon", "column", "factor"), [(91, "spend_91d", 1.0), (30, "spend_30d", 1.0), (60, "spend_91d", 60 / 91)]
)
def test_the_nearest_window_is_brought_to_the_horizon(horizon: int, column: str, factor: float) -> None:
    window = last_period(["spend_30d", "spend_91d", "spend_365d", "spend_lifetime", "orders_30d"], "spend", horizon)
    assert window == (column, pytest.approx(factor))


def test_no_window_no_baseline() -> None:
    assert last_period(["recency_days"], "spend", 91) is None
    bare = JUDGE[["customer_id"]]
    assert churn_baselines(TRAIN, TRAIN["churned"].to_numpy(dtype=float), bare, 91, None) == ({}, ())
    assert set(value_baselines(np.array([1.0, 3.0]), bare, 91, None).by_name) == {"mean"}


def test_churn_baselines_are_ranked_by_their_feature_and_calibrated() -> None:
    labels = TRAIN["churned"].to_numpy(dtype=float)
    truth = JUDGE["churned"].to_numpy(dtype=float)
    process = purchase_process(TRAIN)
    assert process is not None
    found = churn_baselines(TRAIN, labels, JUDGE, 91, process).by_name
    assert set(found) == {"recency", "previous_period", process.name}
    for guess in (found["recency"], found["previous_period"]):
        assert expected_calibration_error(truth, guess) < 0.05
    assert roc_auc(truth, found["recency"]) == pytest.approx(roc_auc(truth, JUDGE["recency_days"]), abs=0.03)


def test_a_missing_recency_is_the_longest_one() -> None:
    judge = JUDGE.assign(recency_days=np.nan)
    guess = churn_baselines(TRAIN, TRAIN["churned"].to_numpy(dtype=float), judge, 91, None).by_name["recency"]
    assert len(set(guess)) == 1
    assert np.isfinite(guess).all()


def test_value_baselines_are_the_last_period_the_mean_and_the_process() -> None:
    process = purchase_process(TRAIN)
    assert process is not None
    found, notes = value_baselines(np.array([0.0, 10.0]), JUDGE, 91, process)
    np.testing.assert_array_equal(found["previous_period"], JUDGE["spend_91d"])
    assert set(found["mean"]) == {5.0}
    assert np.isfinite(found[process.name]).all()
    # Hardly anybody leaves here, so that the last digit of a processor's logarithm decides whether BG/NBD converges.
    assert notes == ((process.note,) if process.note else ())


def test_a_process_that_does_not_converge_is_replaced_and_said() -> None:
    once = TRAIN.assign(orders_lifetime=1)
    found, notes = churn_baselines(once, TRAIN["churned"].to_numpy(dtype=float), JUDGE, 91, purchase_process(once))
    assert "nbd" in found
    assert "BG/NBD did not converge" in notes[0]
