"""The churn model learns, repeats itself, travels as text, and refuses what it cannot learn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml.churn import ChurnModel, train_churn
from ml.churn_fit import fit_churn, labels_of
from ml.cutoffs import split_at
from ml.errors import NotTrainable
from ml.evaluation import roc_auc
from ml.preprocess import numbers
from tests.ml.histories import FEATURES, HORIZON, JUDGE, training_frame


def train(frame: pd.DataFrame) -> ChurnModel:
    return train_churn(frame, FEATURES, judge=JUDGE, horizon_days=HORIZON, seed=11)


@pytest.fixture(scope="module")
def model() -> ChurnModel:
    return train(training_frame())


@pytest.fixture(scope="module")
def latest() -> pd.DataFrame:
    frame = training_frame()
    return frame.loc[frame["as_of"] == JUDGE].reset_index(drop=True)


def test_it_ranks_those_who_leave_above_those_who_stay(model: ChurnModel) -> None:
    assert model.metrics["model"]["roc_auc"] > 0.75
    assert model.metrics["model"]["brier"] < 0.15
    # These customers never leave for good: which process has its maximum inside the bounds is a matter of digits.
    assert len({"bg_nbd", "mbg_nbd", "nbd"} & set(model.metrics)) == 1
    assert {"model", "recency", "previous_period", "cohorts"} < set(model.metrics)
    assert all({"roc_auc", "pr_auc", "brier", "ece"} <= set(row) for row in model.metrics.values())


def test_ten_acquisition_cohorts_were_each_held_out(model: ChurnModel) -> None:
    cohorts = model.metrics["cohorts"]
    assert cohorts["cohorts"] == 10
    assert cohorts["roc_auc"] == pytest.approx(model.metrics["model"]["roc_auc"], abs=0.1)
    assert 0 < cohorts["roc_auc_spread"] < 0.15


def test_more_silence_never_lowers_the_probability(model: ChurnModel, latest: pd.DataFrame) -> None:
    silent = [model.predict(latest.assign(recency_days=days)) for days in (0, 10, 30, 60, 91)]
    assert (np.diff(np.array(silent), axis=0) >= 0).all()


def test_judging_saw_only_windows_that_had_ended(model: ChurnModel) -> None:
    assert model.train_cutoffs == ("2017-03-07", "2017-04-04")
    assert model.judge_cutoff == "2017-07-04"
    assert model.cutoffs == (*model.train_cutoffs, model.judge_cutoff)


def test_shuffled_labels_teach_nothing() -> None:
    frame = training_frame(customers=6_000)
    random = np.random.default_rng(0)
    split = split_at(frame.assign(churned=random.permutation(frame["churned"])), "churned", JUDGE, HORIZON)
    fitted = fit_churn(split.train, FEATURES, seed=11, folds=2)
    guess = fitted.curve.apply(fitted.mixed.predict(numbers(split.judge, FEATURES)))
    assert roc_auc(labels_of(split.judge), guess) == pytest.approx(0.5, abs=0.03)
    assert roc_auc(fitted.label, fitted.held_out) == pytest.approx(0.5, abs=0.03)


def test_same_input_same_bytes_in_any_row_order(model: ChurnModel) -> None:
    assert train(training_frame().sample(frac=1, random_state=2)).files() == model.files()


def test_the_files_hold_the_whole_model(model: ChurnModel, latest: pd.DataFrame) -> None:
    again = ChurnModel.from_files(model.files())
    assert again.files() == model.files()
    np.testing.assert_array_equal(again.predict(latest), model.predict(latest))


def test_a_row_alone_scores_as_in_the_batch(model: ChurnModel, latest: pd.DataFrame) -> None:
    batch = model.predict(latest)
    assert [model.predict(latest.iloc[[row]])[0] for row in range(25)] == batch[:25].tolist()


def test_wild_rows_get_a_probability(model: ChurnModel, latest: pd.DataFrame) -> None:
    wild = latest.iloc[:3].assign(spend_91d=[np.inf, np.nan, -1e12], orders_91d=[None, 1e9, 0])
    scores = model.predict(wild)
    assert ((scores > 0) & (scores < 1)).all()
    assert model.predict(latest.iloc[:0]).shape == (0,)


def test_people_without_an_order_get_the_base_rate(model: ChurnModel, latest: pd.DataFrame) -> None:
    assert model.predict(latest.iloc[:1].assign(orders_lifetime=0))[0] == model.base_rate


def test_the_constant_feature_carries_nothing(model: ChurnModel) -> None:
    assert model.importance["constant"] == 0.0
    assert sum(model.importance.values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (training_frame().iloc[:0], "training: 0 rows"),
        (training_frame().assign(churned=0), "training: 0 customers left and 600 stayed"),
        (training_frame().assign(churned=1), "training: 600 customers left and 0 stayed"),
        (training_frame().assign(churned=None), "training: 0 rows"),
        (training_frame(customers=40), "training: 80 rows"),
        (training_frame().assign(orders_lifetime=0), "training: 0 rows"),
    ],
)
def test_what_cannot_be_learned_is_said(frame: pd.DataFrame, reason: str) -> None:
    with pytest.raises(NotTrainable, match=reason):
        train(frame)


def test_a_history_shorter_than_the_horizon_is_said() -> None:
    frame = training_frame()
    with pytest.raises(NotTrainable, match=r"training: 0 rows with a 200-day label around 2017-07-04"):
        train_churn(frame, FEATURES, judge=JUDGE, horizon_days=200, seed=1)


def test_a_missing_feature_is_named() -> None:
    with pytest.raises(ValueError, match=r"features.spend_91d: the column is missing"):
        train(training_frame().drop(columns="spend_91d"))
