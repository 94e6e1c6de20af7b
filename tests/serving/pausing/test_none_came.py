"""No conversions where some were due: against scipy's exact distributions."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from serving.pausing.none_came import LEAST_CHANCE, chance_of_none, due, is_missing


@given(st.integers(1, 10**6), st.integers(1, 400), st.integers(400, 10**6))
def test_the_chance_is_that_of_the_exact_conditional_test(exposures: int, conversions: int, usual: int) -> None:
    exact = stats.binom.pmf(0, conversions, exposures / (exposures + usual))
    assert chance_of_none(exposures, conversions, usual) == pytest.approx(exact, rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("expected", [1.0, 5.0, 20.0])
def test_with_much_history_it_is_the_poisson_chance_of_none(expected: float) -> None:
    exposures, usual = 1e4, 1e10
    assert due(exposures, expected * usual / exposures, usual) == pytest.approx(expected)
    exact = stats.poisson.pmf(0, expected)
    assert chance_of_none(exposures, expected * usual / exposures, usual) == pytest.approx(exact, rel=1e-4)


def test_twenty_due_and_none_is_a_breach_and_nineteen_is_not() -> None:
    assert math.exp(-20) < LEAST_CHANCE
    assert is_missing(20_000, 1_000, 1_000_000, 20)
    assert not is_missing(19_999, 1_000, 1_000_000, 20)


def test_a_rate_from_three_orders_proves_nothing() -> None:
    # 20 would be due, but 3 orders may be luck: (1,000 / 7,667) ** 3 = 0.002.
    assert due(6_667, 3, 1_000) > 20
    assert chance_of_none(6_667, 3, 1_000) == pytest.approx((1_000 / 7_667) ** 3)
    assert not is_missing(6_667, 3, 1_000, 20)


def test_without_any_usual_conversions_nothing_is_due() -> None:
    assert due(1e6, 0, 1e6) == 0
    assert (chance_of_none(1e6, 0, 1e6), chance_of_none(1e6, 5, 0)) == (1.0, 1.0)
    assert not is_missing(1e9, 0, 1e6, 1)
