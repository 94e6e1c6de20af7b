"""Calibration groups, deciles, intervals and SHAP values against independent definitions; the picture is a picture."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from ml.boosting import Booster, BoostingPlan
from ml.cards.evidence import calibration_groups, deciles, metric_intervals, score_points
from ml.cards.picture import model_figure
from ml.cards.voices import ranked
from ml.evaluation import expected_calibration_error, roc_auc

RANDOM = np.random.default_rng(3)
CHANCE = RANDOM.beta(1, 4, 1_000)
LEFT = (RANDOM.random(1_000) < CHANCE).astype(np.float64)


def test_calibration_groups_are_those_of_the_calibration_error() -> None:
    groups = calibration_groups(LEFT, CHANCE)
    error = sum(abs(one.promised - one.observed) * one.customers for one in groups) / len(LEFT)
    assert error == pytest.approx(expected_calibration_error(LEFT, CHANCE))
    for one in groups:
        wilson = binomtest(round(one.observed * one.customers), one.customers).proportion_ci(method="wilson")
        assert (one.low, one.high) == pytest.approx((wilson.low, wilson.high))


def test_deciles_share_out_the_whole() -> None:
    found = deciles(LEFT, CHANCE)
    assert sum(one.share_of_total for one in found) == pytest.approx(1.0)
    assert [one.predicted for one in found] == sorted((one.predicted for one in found), reverse=True)
    assert found[0].lift == pytest.approx(found[0].actual / LEFT.mean())
    assert [one.lift for one in deciles(np.zeros(30), CHANCE[:30])] == [0.0] * 10


def test_fewer_rows_than_groups_are_a_group_each() -> None:
    assert [one.customers for one in calibration_groups(np.array([0.0, 1.0]), np.array([0.2, 0.4]))] == [1, 1]


def test_intervals_hold_the_figure_and_are_narrow() -> None:
    found = metric_intervals(LEFT, {"model": CHANCE}, lambda y, p: {"roc_auc": roc_auc(y, p)}, seed=1)
    low, high = found["model"]["roc_auc"]
    assert low < roc_auc(LEFT, CHANCE) < high
    assert high - low < 0.12


def test_score_points_are_quantiles() -> None:
    points = score_points(CHANCE)
    assert (points[0], points[100], points[-1]) == (CHANCE.min(), np.median(CHANCE), CHANCE.max())
    assert score_points(np.zeros(0)) == []


def test_contributions_and_the_constant_are_the_raw_score() -> None:
    matrix = RANDOM.normal(size=(400, 3))
    target = 2.0 * matrix[:, 0] - matrix[:, 2]
    booster = Booster.fit(BoostingPlan("regression", rounds=30, leaves=5, seed=1), matrix, target)
    parts = booster.contributions(matrix)
    rest = booster.predict(matrix) - parts.sum(axis=1)
    assert rest == pytest.approx(np.full(400, rest[0]))
    found = ranked(("a", "b", "c"), matrix, [parts])
    assert [voice.feature for voice in found] == ["a", "c", "b"]
    assert (found[0].direction > 0.9, found[1].direction < -0.9) == (True, True)
    assert sum(voice.share for voice in found) == pytest.approx(1.0)


def test_the_picture_has_a_panel_for_what_there_is_and_the_same_bytes() -> None:
    evidence = {
        "calibration": calibration_groups(LEFT, CHANCE),
        "deciles": deciles(LEFT, CHANCE),
        "voices": [("recency_days", 0.6, 0.8), ("orders_30d", 0.4, -0.3)],
        "baselines": {"title": "ROC-AUC", "rows": [("model", 0.8, 0.7, 0.9), ("recency", 0.7, None, None)]},
    }
    png = model_figure(evidence, unit="share who left")
    assert png is not None
    assert png.startswith(b"\x89PNG")
    assert png == model_figure(evidence, unit="share who left")
    assert model_figure({"score_points": [1.0]}, unit="") is None
