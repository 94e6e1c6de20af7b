"""Boosting: repeatable, round trip through text, honest out-of-fold guesses."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from ml.boosting import Booster, BoostingPlan, out_of_fold

PLAN = BoostingPlan("regression", rounds=20, leaves=4, seed=5)


def data(rows: int = 400) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(2)
    matrix = random.normal(size=(rows, 3))
    return matrix, matrix[:, 0] * 2 + random.normal(0, 0.1, rows)


def test_same_data_same_bytes_and_back() -> None:
    first, second = Booster.fit(PLAN, *data()), Booster.fit(PLAN, *data())
    assert first.to_bytes() == second.to_bytes()
    again = Booster.from_bytes(first.to_bytes())
    np.testing.assert_array_equal(again.predict(data()[0]), first.predict(data()[0]))
    assert again.to_bytes() == first.to_bytes()


def test_gains_point_at_the_feature_that_matters() -> None:
    gains = Booster.fit(PLAN, *data()).gains()
    assert gains.argmax() == 0
    assert gains.sum() == pytest.approx(1.0)
    flat = Booster.fit(PLAN, np.ones((100, 2)), np.ones(100))
    assert flat.gains().tolist() == [0.0, 0.0]
    assert flat.predict(np.zeros((0, 2))).shape == (0,)


def test_out_of_fold_guesses_never_saw_their_row() -> None:
    matrix, _ = data()
    noise = np.random.default_rng(9).normal(size=len(matrix))
    folds = np.arange(len(matrix)) % 5
    guesses = out_of_fold(partial(Booster.fit, PLAN), matrix, noise, folds)
    seen = Booster.fit(PLAN, matrix, noise).predict(matrix)
    assert abs(np.corrcoef(guesses, noise)[0, 1]) < 0.2 < np.corrcoef(seen, noise)[0, 1]


def test_a_single_fold_still_gets_guesses() -> None:
    matrix, target = data(100)
    assert np.isfinite(out_of_fold(partial(Booster.fit, PLAN), matrix, target, np.zeros(100, dtype=np.int64))).all()


def test_one_thread_and_only_what_the_objective_asks_for() -> None:
    assert PLAN.parameters()["num_threads"] == 1
    assert "alpha" not in PLAN.parameters()
    assert BoostingPlan("quantile", rounds=1, leaves=2, seed=1, alpha=0.1).parameters()["alpha"] == 0.1
