"""NDCG, recall and intervals against scikit-learn and scipy, lists against plain sorting."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import bootstrap
from sklearn.metrics import ndcg_score

from ml.recommend.judge import best, interval, judged


def test_ndcg_is_scikit_learns_and_recall_counts_hits() -> None:
    random = np.random.default_rng(4)
    scores, truth = random.random((30, 40)), random.random((30, 40)) < 0.2
    found = judged(lambda rows: scores[rows], lambda rows: np.ones((len(rows), 40), dtype=bool), sp.csr_matrix(truth))
    expected = [ndcg_score(truth[[i]].astype(int), scores[[i]], k=10) for i in range(30) if truth[i].any()]
    np.testing.assert_allclose(found.ndcg, expected)
    top = [set(np.argsort(-row)[:10]) for row in scores]
    shares = [len(top[i] & set(np.flatnonzero(truth[i]))) / truth[i].sum() for i in range(30) if truth[i].any()]
    np.testing.assert_allclose(found.recall, shares)
    listed = set().union(*(top[i] for i in range(30) if truth[i].any()))
    assert found.coverage == len(listed) / 40


def test_what_is_not_allowed_is_not_listed() -> None:
    scores, truth = np.array([[3.0, 2.0, 1.0]]), sp.csr_matrix([[0, 0, 1]])
    found = judged(lambda rows: scores[rows], lambda rows: np.array([[False, False, True]])[rows], truth)
    assert found.ndcg.tolist() == [1.0]
    assert best(np.array([[1.0, -np.inf, 1.0]]), 3).tolist() == [[0, 2, -1]]


@pytest.mark.parametrize("columns", [5, 25, 60])
def test_the_best_are_the_first_of_a_stable_sort(columns: int) -> None:
    random = np.random.default_rng(columns)
    scores = random.integers(0, 12, size=(200, columns)).astype(float)
    scores[:100] += random.random((100, columns))
    scores[random.random(scores.shape) < 0.3] = -np.inf
    scores[7] = -np.inf
    expected = [[at for _, at in sorted((-v, at) for at, v in enumerate(row) if v > -np.inf)[:10]] for row in scores]
    assert [[at for at in row if at >= 0] for row in best(scores).tolist()] == expected


def test_nobody_bought_anything() -> None:
    found = judged(
        lambda rows: np.ones((len(rows), 2)), lambda rows: np.ones((len(rows), 2), bool), sp.csr_matrix((3, 2))
    )
    assert (len(found.ndcg), found.coverage) == (0, 0.0)
    assert interval(found.ndcg, 1) == (0.0, 0.0, 0.0)


def test_an_interval_is_near_scipys() -> None:
    values = np.random.default_rng(1).random(200)
    expected = bootstrap((values,), np.mean, method="percentile", rng=np.random.default_rng(2)).confidence_interval
    found = interval(values, 3)
    np.testing.assert_allclose([found.low, found.high], [expected.low, expected.high], atol=0.01)
