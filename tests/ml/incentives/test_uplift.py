"""The model finds what was planted, finds nothing in shuffled outcomes, and answers alike alone and in a batch."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml.incentives import UpliftModel, predict_uplift, train_uplift
from ml.incentives.heterogeneity import calibrate, robust_scores
from ml.incentives.trial import read_trial
from tests.ml.incentives.trials import FEATURES, offers

WORDS = {"hunger": ("hunts bargains", "hunts no bargains")}


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return offers()


@pytest.fixture(scope="module")
def model(log: pd.DataFrame) -> UpliftModel:
    return train_uplift(log, FEATURES, plain=None, seed=7, repeats=2)


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    return offers(900, seed=99)[list(FEATURES)]


def test_bargain_hunters_get_the_discount_and_others_nothing(model: UpliftModel, people: pd.DataFrame) -> None:
    found = predict_uplift(model, people, WORDS)
    given = found.loc[found["is_recommended"]].reset_index(drop=True)
    assert model.by_customer
    assert len(given) == len(people)
    hungry = people["hunger"].to_numpy() > 0
    right = (given["arm"] == "ten_off").to_numpy() == hungry
    # Near the border a few hundred offers a leaf cannot tell, nor does it matter there.
    assert right[people["hunger"].abs() > 0.5].mean() > 0.8
    assert (given["arm"] != "gift").mean() > 0.97
    discount = found.loc[found["arm"] == "ten_off"]
    assert abs(discount["conversion_uplift"].to_numpy()[hungry].mean() - 0.45) < 0.1
    assert abs(discount["conversion_uplift"].to_numpy()[~hungry].mean()) < 0.1
    assert given.loc[(people["hunger"] > 0.5) & right, "reason"].str.contains("hunts bargains").mean() > 0.9


def test_it_beats_the_response_model_and_treating_all(model: UpliftModel) -> None:
    best = model.metrics[model.learner]
    assert best["qini"] > max(model.metrics["response_model"]["qini"], 0.0)
    assert best["chosen_gain"] > model.metrics["treat_all"]["gain"]
    # The best anybody could do: half the people gain 0.7 x 6 - 0.25 x 10 each.
    assert best["chosen_gain"] < 0.5 * (0.7 * 6 - 0.25 * 10) * 1.25


def test_shuffled_outcomes_give_one_treatment_for_all(log: pd.DataFrame) -> None:
    order = np.random.default_rng(1).permutation(len(log))
    mixed = log.assign(**{name: log[name].to_numpy()[order] for name in ("is_converted", "margin_amount")})
    model = train_uplift(mixed, FEATURES, plain=None, seed=7, repeats=1)
    found = predict_uplift(model, log[list(FEATURES)].iloc[:40], WORDS)
    assert not model.by_customer
    assert "beyond noise" in model.reason
    assert found.loc[found["is_recommended"], "arm"].nunique() == 1
    assert set(found["basis"]) == {"everyone"}
    assert found.groupby("arm")["margin_uplift"].nunique().max() == 1


def test_same_seed_same_bytes_and_files_hold_everything(
    log: pd.DataFrame, model: UpliftModel, people: pd.DataFrame
) -> None:
    renamed = log.assign(customer_id="x" + log["customer_id"].str[1:])
    assert train_uplift(renamed, FEATURES, plain=None, seed=7, repeats=2).files() == model.files()
    read = UpliftModel.from_files(model.files())
    pd.testing.assert_frame_equal(predict_uplift(read, people, WORDS), predict_uplift(model, people, WORDS))
    assert read.files() == model.files()


def test_a_row_alone_equals_the_row_in_a_batch(model: UpliftModel, people: pd.DataFrame) -> None:
    batch = predict_uplift(model, people, WORDS)
    for place in (0, 17, 512):
        alone = predict_uplift(model, people.iloc[[place]], WORDS).drop(columns="row")
        among = batch.loc[batch["row"] == place].drop(columns="row").reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, among)


def test_who_is_unknown_gets_everybodys_figure(model: UpliftModel) -> None:
    found = predict_uplift(model, pd.DataFrame([dict.fromkeys(FEATURES, np.nan)]), WORDS)
    assert set(found["basis"]) == {"everyone"}
    assert np.isfinite(found[["margin_uplift", "margin_low", "margin_high", "conversion_uplift"]]).all(axis=None)
    assert found.loc[found["is_recommended"], "arm"].item() == model.best_for_all
    assert found["reason"].str.startswith("nothing is known").all()


def test_robust_scores_average_to_the_effect_even_with_wrong_expectations() -> None:
    trial = read_trial(offers(30_000, seed=12, effect=0.4), FEATURES)
    wrong = np.column_stack([np.full(len(trial), guess) for guess in (0.6, 0.1, 0.3)])
    found = robust_scores(trial, trial.converted, wrong).mean(axis=0)
    assert found == pytest.approx([0.0, 0.2], abs=0.02)


def test_calibration_is_least_squares_with_clustered_errors() -> None:
    random = np.random.default_rng(4)
    predicted, customer = random.normal(size=6_000), np.repeat(np.arange(3_000), 2)
    score = 0.3 + 0.5 * predicted + random.normal(size=3_000)[customer] + random.normal(size=6_000)
    found = calibrate(score, predicted, customer)
    slope, level = np.polyfit(predicted - predicted.mean(), score, 1)
    assert (found.slope, found.mean) == pytest.approx((slope, level))
    # Two rows of a customer share a draw of variance 1: the mean's variance is (1 + 1/2) / 3000.
    assert found.mean_variance == pytest.approx(1.5 / 3_000, rel=0.1)
