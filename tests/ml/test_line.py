"""The line beside the trees: as scikit-learn fits it, one row as in the batch, finite whatever comes."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from ml.line import PULL, Line, fit_odds

ROWS = 2_000
FREE = (0, 0, 0)


def sample(seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    matrix = random.gamma(1.5, 20.0, size=(ROWS, 3)) * np.array([1.0, 0.1, 1.0])
    odds = 1.0 - 0.4 * np.sqrt(matrix[:, 0]) + 0.5 * np.log1p(matrix[:, 1])
    left = (random.random(ROWS) < 1 / (1 + np.exp(-odds))).astype(np.float64)
    return matrix, left, (1 - left) * matrix[:, 0] * random.gamma(2.0, 0.5, ROWS)


def views(line: Line, matrix: np.ndarray) -> np.ndarray:
    pairs = [line.shape.column(matrix[:, place], place) for place in range(matrix.shape[1])]
    return np.column_stack([pair[which] for which in (0, 1) for pair in pairs])


def test_odds_are_those_of_a_ridged_logistic_regression() -> None:
    matrix, left, _ = sample()
    line = fit_odds(matrix, left, FREE)
    theirs = LogisticRegression(C=1 / PULL, tol=1e-10, max_iter=2_000).fit(views(line, matrix), left)
    np.testing.assert_allclose(line.weights.ravel(), theirs.coef_[0], atol=2e-3)
    np.testing.assert_allclose(line.score(matrix), theirs.decision_function(views(line, matrix)), atol=5e-3)


def test_a_known_sign_is_kept_and_the_text_holds_everything() -> None:
    matrix, left, _ = sample()
    assert (fit_odds(matrix, left, FREE).weights[:, 0] < 0).all()
    line = fit_odds(matrix, left, (1, 0, -1))
    assert (line.weights[:, 0] >= 0).all()
    assert (line.weights[:, 2] <= 0).all()
    again = Line.from_bytes(line.to_bytes())
    np.testing.assert_array_equal(again.score(matrix), line.score(matrix))
    assert again.to_bytes() == line.to_bytes()
    alone = np.concatenate([line.score(matrix[[row]]) for row in range(20)])
    np.testing.assert_array_equal(alone, line.score(matrix)[:20])


@pytest.mark.parametrize("target", [0.0, 1.0], ids=["nobody left", "everybody left"])
def test_unknown_constant_and_endless_columns_and_one_class_stay_finite(target: float) -> None:
    matrix, _, _ = sample()
    matrix[:, 1], matrix[::3, 0], matrix[:, 2] = np.nan, np.nan, 7.0
    line = fit_odds(matrix, np.full(ROWS, target), FREE)
    assert np.isfinite(line.score(np.full((2, 3), 1e300))).all()
    assert line.gains().shape == (3,)
