"""Draws are reproducible, uniform, and their propensities are the shares they really have."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from serving.draw import draw_best, uniform


def test_same_unit_and_salt_same_number() -> None:
    assert uniform("c1", "home_hero", "1") == uniform("c1", "home_hero", "1")
    others = {uniform("c2", "home_hero", "1"), uniform("c1", "weekly", "1"), uniform("c1", "home_hero", "2")}
    assert uniform("c1", "home_hero", "1") not in others
    assert len(others) == 3


def test_numbers_are_uniform() -> None:
    numbers = [uniform(f"c{n}", "home_hero", "1") for n in range(5_000)]
    assert stats.kstest(numbers, "uniform").pvalue > 0.001


@given(k=st.integers(1, 30), share=st.floats(0, 0.5), u=st.floats(0, 1, exclude_max=True))
def test_a_draw_is_a_candidate_with_its_exact_propensity(k: int, share: float, u: float) -> None:
    drawn = draw_best(k, share, u)
    expected = share / k + (1 - share if drawn.rank == 0 else 0)
    assert 0 <= drawn.rank < k
    assert drawn.propensity == pytest.approx(expected)
    assert drawn.explored == (drawn.rank != 0)


def test_logged_propensities_are_the_observed_shares() -> None:
    n, k, share = 20_000, 4, 0.3
    drawn = [draw_best(k, share, uniform(f"c{i}", "p", "s")) for i in range(n)]
    counts = Counter(d.rank for d in drawn)
    expected = [n * next(d.propensity for d in drawn if d.rank == rank) for rank in range(k)]
    assert stats.chisquare([counts[rank] for rank in range(k)], expected).pvalue > 0.001


def test_without_exploration_the_best_is_certain() -> None:
    assert draw_best(5, 0.0, 0.0) == (0, 1.0, False)
