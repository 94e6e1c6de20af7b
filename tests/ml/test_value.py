"""The value model ranks and totals spend, brackets it, and stays finite."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml.errors import NotTrainable
from ml.value import ValueModel, train_value
from ml.value_fit import conformal_margin
from tests.ml.histories import FEATURES, HORIZON, JUDGE, training_frame


def train(frame: pd.DataFrame) -> ValueModel:
    return train_value(frame, FEATURES, judge=JUDGE, horizon_days=HORIZON, seed=11)


@pytest.fixture(scope="module")
def model() -> ValueModel:
    return train(training_frame())


@pytest.fixture(scope="module")
def latest() -> pd.DataFrame:
    frame = training_frame()
    return frame.loc[frame["as_of"] == JUDGE].reset_index(drop=True)


def test_it_beats_the_mean_and_holds_the_total(model: ValueModel) -> None:
    ours = model.metrics["model"]
    assert ours["normalised_gini"] > 0.6
    assert ours["spearman"] > 0.6
    assert 0.85 < ours["total_ratio"] < 1.15
    assert ours["decile_error"] < model.metrics["mean"]["decile_error"] + 0.2
    assert model.metrics["mean"]["normalised_gini"] == pytest.approx(0.0)
    assert len({"bg_nbd", "mbg_nbd", "nbd"} & set(model.metrics)) == 1
    assert {"model", "mean", "previous_period"} < set(model.metrics)


def test_the_interval_covers_about_four_in_five(model: ValueModel) -> None:
    assert 0.72 <= model.metrics["model"]["coverage"] <= 0.88


def test_intervals_hold_their_amounts(model: ValueModel, latest: pd.DataFrame) -> None:
    scores = model.predict(latest)
    assert (scores.low <= scores.amount).all()
    assert (scores.amount <= scores.high).all()
    assert (scores.low >= 0).all()


def test_same_input_same_bytes_in_any_row_order(model: ValueModel) -> None:
    assert train(training_frame().sample(frac=1, random_state=2)).files() == model.files()


def test_the_files_hold_the_whole_model(model: ValueModel, latest: pd.DataFrame) -> None:
    again = ValueModel.from_files(model.files())
    assert again.files() == model.files()
    np.testing.assert_array_equal(again.predict(latest), model.predict(latest))


def test_a_row_alone_scores_as_in_the_batch(model: ValueModel, latest: pd.DataFrame) -> None:
    batch = np.column_stack(model.predict(latest))
    alone = np.vstack([np.column_stack(model.predict(latest.iloc[[row]])) for row in range(25)])
    np.testing.assert_array_equal(alone, batch[:25])


def test_an_extreme_spender_moves_nothing_out_of_bounds() -> None:
    frame = training_frame()
    frame.loc[frame.index[::97], "spend_horizon_amount"] = 1e7
    scores = train(frame).predict(frame.assign(spend_91d=1e15))
    assert all(np.isfinite(column).all() for column in scores)
    assert scores.high.max() <= 2e7


def test_refunds_beyond_purchases_count_as_nothing() -> None:
    frame = training_frame()
    frame.loc[frame.index[::9], "spend_horizon_amount"] = -50.0
    assert (train(frame).predict(frame).amount >= 0).all()


def test_people_without_an_order_get_everybodys_figures(model: ValueModel, latest: pd.DataFrame) -> None:
    scores = model.predict(latest.iloc[:1].assign(orders_lifetime=0))
    assert (scores.amount[0], scores.low[0], scores.high[0]) == model.fallback


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (training_frame().assign(spend_horizon_amount=0.0), "training: 0 customers spent anything in the horizon"),
        (training_frame().iloc[:0], "training: 0 rows"),
    ],
)
def test_what_cannot_be_learned_is_said(frame: pd.DataFrame, reason: str) -> None:
    with pytest.raises(NotTrainable, match=reason):
        train(frame)


def test_the_conformal_margin_by_hand() -> None:
    # Truths 1, 2, 3, 4 lie -1, 0, 1, 2 outside [0, 2]; the third smallest of four covers 0.5 · 5 = 2.5 → 3.
    misses = np.array([1.0, -1.0, 2.0, 0.0])
    assert conformal_margin(misses, 0.5) == 1.0
    assert conformal_margin(misses, 0.99) == 2.0
