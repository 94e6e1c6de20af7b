"""Calibration curves: right level, same order, through JSON, numpy at scoring."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from ml.calibration import EDGE, IsotonicCurve, PlattCurve, curve_from_json, curve_to_json, fit_isotonic, fit_platt
from ml.evaluation import expected_calibration_error


def overconfident(rows: int = 4_000) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(5)
    truth = random.beta(1, 6, rows)
    labels = (random.random(rows) < truth).astype(float)
    odds = truth / (1 - truth)
    return odds**2 / (1 + odds**2), labels


def test_platt_equals_unregularised_logistic_regression() -> None:
    scores, labels = overconfident()
    kept = np.clip(scores, EDGE, 1 - EDGE)
    logit = np.log(kept / (1 - kept))[:, None]
    oracle = LogisticRegression(C=1e9, tol=1e-8).fit(logit, labels)
    np.testing.assert_allclose(fit_platt(scores, labels).apply(scores), oracle.predict_proba(logit)[:, 1], atol=2e-3)


def test_isotonic_equals_scikit_learn_without_it() -> None:
    scores, labels = overconfident()
    oracle = IsotonicRegression(out_of_bounds="clip").fit(scores, labels)
    seen = np.linspace(0, 1, 101)
    expected = np.clip(oracle.predict(seen), EDGE, 1 - EDGE)
    np.testing.assert_allclose(fit_isotonic(scores, labels).apply(seen), expected, atol=1e-9)


@pytest.mark.parametrize("fit", [fit_platt, fit_isotonic])
def test_calibration_brings_promise_and_outcome_together(fit: type) -> None:
    scores, labels = overconfident()
    before = expected_calibration_error(labels, scores)
    assert expected_calibration_error(labels, fit(scores, labels).apply(scores)) < 0.02 < before


def test_separable_classes_stay_short_of_certainty() -> None:
    curve = fit_platt([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1])
    assert 0 < curve.apply([0.05])[0] < 0.5 < curve.apply([0.95])[0] < 1


def test_a_reversed_score_is_flattened_not_turned() -> None:
    assert fit_platt([0.1, 0.2, 0.8, 0.9], [1, 1, 0, 0]).slope == 0.0


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=30), st.floats(0, 5), st.floats(-3, 3))
def test_order_is_kept_and_bounds_hold(scores: list[float], slope: float, shift: float) -> None:
    ordered = sorted(scores)
    for curve in (PlattCurve(slope, shift), IsotonicCurve((0.2, 0.6), (0.1, 0.9))):
        result = curve.apply(ordered)
        assert (np.diff(result) >= 0).all()
        assert ((result >= EDGE) & (result <= 1 - EDGE)).all()


def test_json_round_trip_and_unknown_kinds() -> None:
    for curve in (PlattCurve(1.25, -0.5), IsotonicCurve((0.0, 0.5), (0.1, 0.3))):
        assert curve_from_json(curve_to_json(curve)) == curve
    with pytest.raises(ValueError, match=r"calibration.kind: 'beta'"):
        curve_from_json('{"kind": "beta"}')
