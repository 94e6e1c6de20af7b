"""Metrics against scikit-learn, scipy and figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from ml import evaluation

ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 10)), min_size=4, max_size=60).filter(
    lambda rows: 0 < sum(label for label, _ in rows) < len(rows)
)


@settings(deadline=None)
@given(ROWS)
def test_ranking_metrics_equal_scikit_learn_with_ties(rows: list[tuple[bool, int]]) -> None:
    labels = np.array([label for label, _ in rows], dtype=float)
    scores = np.array([score for _, score in rows]) / 10
    assert evaluation.roc_auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores))
    assert evaluation.pr_auc(labels, scores) == pytest.approx(average_precision_score(labels, scores))
    assert evaluation.brier(labels, scores) == pytest.approx(brier_score_loss(labels, scores))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=3, max_size=50))
def test_spearman_equals_scipy(rows: list[tuple[int, int]]) -> None:
    actual, predicted = np.array(rows).T
    if np.ptp(actual) == 0 or np.ptp(predicted) == 0:
        assert evaluation.spearman(actual, predicted) == 0.0
    else:
        assert evaluation.spearman(actual, predicted) == pytest.approx(spearmanr(actual, predicted)[0])


def test_gini_by_hand() -> None:
    actual = [4.0, 3.0, 2.0, 1.0]
    assert evaluation.normalised_gini(actual, actual) == pytest.approx(1.0)
    assert evaluation.normalised_gini(actual, [1.0, 2.0, 3.0, 4.0]) == pytest.approx(-1.0)
    # Lorenz sums 4, 6, 9, 10 of 10 against 4, 7, 9, 10: (2.9 - 2.5) / (3.0 - 2.5).
    assert evaluation.normalised_gini(actual, [9.0, 5.0, 6.0, 1.0]) == pytest.approx(0.8)


def test_gini_of_a_tied_score_is_zero_whatever_the_row_order() -> None:
    assert evaluation.normalised_gini([5.0, 1.0, 0.0], [2.0, 2.0, 2.0]) == pytest.approx(0.0)
    assert evaluation.normalised_gini([3.0, 3.0], [1.0, 2.0]) == 0.0
    assert evaluation.normalised_gini([0.0, 0.0], [1.0, 2.0]) == 0.0


@given(st.permutations(range(12)))
def test_gini_does_not_see_row_order(order: list[int]) -> None:
    actual = np.array([0, 0, 1, 2, 3, 5, 8, 13, 21, 34, 0, 7], dtype=float)
    predicted = np.array([0, 1, 1, 1, 4, 4, 9, 9, 9, 40, 2, 2], dtype=float)
    shuffled = evaluation.normalised_gini(actual[order], predicted[order])
    assert shuffled == pytest.approx(evaluation.normalised_gini(actual, predicted))


def test_calibration_error_by_hand() -> None:
    labels = [0, 0, 1, 1]
    assert evaluation.expected_calibration_error(labels, [0.0, 0.0, 1.0, 1.0], bins=2) == pytest.approx(0.0)
    assert evaluation.expected_calibration_error(labels, [0.2, 0.2, 0.6, 0.6], bins=2) == pytest.approx(0.3)


def test_total_decile_and_coverage_by_hand() -> None:
    actual = [10.0, 0.0, 30.0]
    assert evaluation.total_ratio(actual, [20.0, 0.0, 40.0]) == pytest.approx(1.5)
    assert evaluation.decile_error(actual, [20.0, 0.0, 40.0]) == pytest.approx(0.5)
    assert evaluation.interval_coverage(actual, [10.0, 1.0, 0.0], [12.0, 2.0, 40.0]) == (pytest.approx(2 / 3), 43 / 3)
    assert evaluation.total_ratio([0.0], [1.0]) == evaluation.decile_error([0.0], [1.0]) == 0.0


def test_one_forecast_for_everybody_has_the_same_decile_error_in_any_order() -> None:
    spend = np.arange(40.0)
    for order in (spend, spend[::-1]):
        assert evaluation.decile_error(order, np.full(40, spend.mean())) == pytest.approx(0.0)
        assert evaluation.decile_error(order, np.full(40, 1.1 * spend.mean())) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([1, 1], [0.1, 0.2], "0 negatives"),
        ([0, 1], [0.1, np.nan], "finite"),
        ([], [], "non-empty"),
        ([1], [1, 2], "shapes"),
    ],
)
def test_unusable_input_is_refused(labels: list[float], scores: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evaluation.roc_auc(labels, scores)


def test_average_precision_needs_a_positive() -> None:
    with pytest.raises(ValueError, match="0 positives"):
        evaluation.pr_auc([0, 0], [0.1, 0.2])
