"""Which form of the spend model is chosen, by what loss, and that each comes back from its files."""

from __future__ import annotations

import numpy as np
import pytest

from ml.value_forms import FORMS, choose_form, form_from_files, form_loss

ROWS = 1_200


def spenders(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(ROWS, 3))
    buys = random.random(ROWS) < 1 / (1 + np.exp(-2 * matrix[:, 0]))
    # Those likely to buy spend little, which is hard for one index of both, as Tweedie has it.
    return matrix, buys * random.gamma(4.0, 0.25, ROWS) * np.exp(3.0 + 1.5 * matrix[:, 1] - matrix[:, 0])


def test_the_loss_adds_ranking_level_and_shape() -> None:
    spend = np.array([0.0, 0, 10, 30, 60, 5, 0, 0, 0, 20])
    assert form_loss(spend, spend) == pytest.approx(0.0)
    # A forecast of half of everything ranks perfectly; total and deciles each miss a half.
    assert form_loss(spend, spend / 2) == pytest.approx(1.0)


def test_the_smaller_loss_is_chosen_and_both_are_told() -> None:
    matrix, spend = spenders()
    even = np.arange(ROWS) % 2 == 0
    chosen, losses = choose_form(matrix, spend, even, (0, 0, 0), seed=1)
    expected = {}
    for name, form in FORMS.items():
        guess = np.zeros(ROWS)
        guess[even] = form.fit(matrix[~even], spend[~even], (0, 0, 0), seed=1).predict(matrix[even])
        guess[~even] = form.fit(matrix[even], spend[even], (0, 0, 0), seed=1).predict(matrix[~even])
        expected[name] = form_loss(spend, guess)
    assert losses == pytest.approx(expected)
    assert chosen == min(expected, key=lambda name: expected[name])


@pytest.mark.parametrize("spend", [np.zeros(ROWS), np.ones(ROWS)], ids=["nobody buys", "everybody buys"])
def test_without_both_kinds_the_simpler_form_stands(spend: np.ndarray) -> None:
    assert choose_form(spenders()[0], spend, np.arange(ROWS) % 2 == 0, (0, 0, 0), seed=1) == ("tweedie", {})


@pytest.mark.parametrize("name", list(FORMS))
def test_each_form_comes_back_from_its_files(name: str) -> None:
    matrix, spend = spenders()
    form = FORMS[name].fit(matrix, spend, (0, 0, 0), seed=2)
    again = form_from_files(form.files())
    np.testing.assert_array_equal(again.predict(matrix), form.predict(matrix))
    assert again.files() == form.files()
    assert (form.predict(matrix) >= 0).all()
    assert form.gains().sum() == pytest.approx(1.0)
