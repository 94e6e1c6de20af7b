"""Points: batch and live scores equal, planted causes found, nothing found in shuffled labels, leaks refused."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from ml.errors import NotTrainable
from ml.evaluation import roc_auc
from ml.leaks import LeakSuspected
from ml.online import VisitScore
from ml.visits import BOUNCE, INTENT, VisitModel, train_visit
from ml.visits.model import INTENT_NUMBERS, TEXTS
from ml.visits.points import probabilities


def rows(count: int = 6_000, seed: int = 1) -> pd.DataFrame:
    """Three moments a session; carts and reviews drive the label, prices are sometimes unknown."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({name: random.integers(0, 6, count) for name in INTENT_NUMBERS})
    price = random.integers(10_000, 900_000, count).astype(object)
    price[random.random(count) < 0.3] = None
    frame["mean_price_viewed"] = price
    frame["is_returning"] = random.random(count) < 0.4
    frame["device_type"] = random.choice(["mobile", "desktop", "rare"], count, p=[0.6, 0.399, 0.001])
    frame["entry_page_type"] = random.choice(np.array(["home", None], dtype=object), count)
    logit = -2.5 + 0.6 * frame["cart_items"] + 0.3 * frame["reviews_read"] + (frame["device_type"] == "desktop")
    frame["label"] = random.random(count) < 1 / (1 + np.exp(-logit.to_numpy(dtype=np.float64)))
    frame["moment_score"] = random.integers(1_000, 39_000, count)
    return frame.assign(session=np.arange(count) // 3)


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return rows()


@pytest.fixture(scope="module")
def model(log: pd.DataFrame) -> VisitModel:
    return train_visit(INTENT, log)


VALUES = st.fixed_dictionaries(
    {
        **{name: st.none() | st.integers(0, 2_000_000) for name in INTENT_NUMBERS if name != "is_returning"},
        "is_returning": st.none() | st.booleans(),
        "device_type": st.none() | st.sampled_from(["mobile", "desktop", "rare", "fridge"]),
        "entry_page_type": st.none() | st.sampled_from(["home", "sale"]),
    }
)


@settings(max_examples=25, deadline=None)
@given(visits=st.lists(VALUES, min_size=1, max_size=5))
def test_one_visit_live_equals_the_batch(model: VisitModel, visits: list[dict[str, object]]) -> None:
    read = VisitScore.from_document(json.loads(json.dumps(model.score.document())))
    batch = probabilities(model.score, pd.DataFrame(visits).astype(object))
    live = [read.probability(visit) for visit in visits]
    assert live == pytest.approx(batch.tolist(), abs=1e-12)
    assert all(0 <= value <= 1 for value in live)


def test_what_was_planted_is_found_and_calibrated(model: VisitModel) -> None:
    later = rows(3_000, seed=2)
    guess, truth = probabilities(model.score, later), later["label"].to_numpy(dtype=np.float64)
    oracle = LogisticRegression().fit(_causes(rows(20_000, seed=3)), rows(20_000, seed=3)["label"])
    best = roc_auc(truth, oracle.predict_proba(_causes(later))[:, 1])
    assert roc_auc(truth, guess) > best - 0.02
    assert abs(guess.mean() - truth.mean()) < 0.03
    assert model.metrics["model"]["roc_auc"] > model.metrics["moment_score"]["roc_auc"] + 0.15
    assert model.metrics["model"]["calibration_error"] < 0.05


def _causes(frame: pd.DataFrame) -> np.ndarray:
    return np.column_stack([frame["cart_items"], frame["reviews_read"], frame["device_type"] == "desktop"])


def test_shuffled_labels_give_nothing(log: pd.DataFrame) -> None:
    order = np.random.default_rng(5).permutation(len(log))
    found = train_visit(INTENT, log.assign(label=log["label"].to_numpy()[order]))
    assert abs(found.metrics["model"]["roc_auc"] - 0.5) < 0.05


def test_same_rows_same_points(log: pd.DataFrame, model: VisitModel) -> None:
    assert train_visit(INTENT, log).score == model.score


def test_later_visits_do_not_teach_the_judged_figures(log: pd.DataFrame, model: VisitModel) -> None:
    last = log["session"] > 0.75 * log["session"].max()
    turned = log.assign(label=log["label"].where(~last, ~log["label"]))
    found = train_visit(INTENT, turned).metrics["model"]["roc_auc"]
    assert found == pytest.approx(1 - model.metrics["model"]["roc_auc"], abs=0.02)


def test_a_feature_that_knows_the_outcome_is_refused(log: pd.DataFrame) -> None:
    with pytest.raises(LeakSuspected, match=r"session feature filters alone tells the outcome with AUC 1\.000"):
        train_visit(INTENT, log.assign(filters=log["label"].astype(int)))


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (rows(90), r"purchase_intent: .*at least 50 of each"),
        (rows(3_000).assign(label=False), r"purchase_intent: all visits: 0 with and 1000 without"),
        (rows(3_000).iloc[:0], r"purchase_intent: all visits: 0 with and 0 without"),
    ],
)
def test_too_few_visits_are_refused_with_counts(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(NotTrainable, match=message):
        train_visit(INTENT, frame)


def test_bounce_reads_only_what_the_first_event_tells(log: pd.DataFrame) -> None:
    found = train_visit(BOUNCE, log)
    assert {"dwell_ms", "max_scroll_depth", "seconds"}.isdisjoint(found.score.features)
    assert set(TEXTS) <= set(found.score.features)


def test_nothing_to_read_is_the_rate_of_the_unknown(model: VisitModel) -> None:
    assert 0 < model.score.probability({}) < 1
    assert VisitScore(-1e6, (), ()).probability({}) == 0.0
    assert VisitScore(1e6, (), ()).probability({}) == 1.0
