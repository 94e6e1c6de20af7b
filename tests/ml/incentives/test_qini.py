"""The curves against brute force over every cut, and their defining properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.incentives.qini import auuc, qini, qini_curve, uplift_curve


def drawn(seed: int, rows: int, levels: int) -> tuple[np.ndarray, ...]:
    random = np.random.default_rng(seed)
    treated = random.random(rows) < 0.4
    treated[:2] = (True, False)
    weight = np.where(treated, 2.5, 1 / 0.6)
    return random.normal(size=rows), treated, random.integers(0, levels, rows).astype(float), weight


def cut(outcome: np.ndarray, treated: np.ndarray, score: np.ndarray, weight: np.ndarray, level: float) -> list[float]:
    """Share reached, Qini gain and uplift gain of everybody with at least this score, by loops."""
    reached = [row for row in range(len(score)) if score[row] >= level]
    n = {True: 0.0, False: 0.0}
    y = {True: 0.0, False: 0.0}
    for row in reached:
        n[bool(treated[row])] += weight[row]
        y[bool(treated[row])] += weight[row] * outcome[row]
    everybody = sum(w for w, t in zip(weight, treated, strict=True) if t)
    share = (n[True] + n[False]) / weight.sum()
    usual = y[False] * n[True] / n[False] if n[False] else 0.0
    means = (y[True] / n[True] if n[True] else 0.0) - (y[False] / n[False] if n[False] else 0.0)
    return [share, (y[True] - usual) / everybody, share * means]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), rows=st.integers(4, 40), levels=st.integers(1, 8))
def test_curves_are_those_of_brute_force(seed: int, rows: int, levels: int) -> None:
    columns = drawn(seed, rows, levels)
    points = [[0.0, 0.0, 0.0], *(cut(*columns, level) for level in sorted(set(columns[2]), reverse=True))]
    share, gain, uplift = (np.array(column) for column in zip(*points, strict=True))
    found = qini_curve(*columns)
    np.testing.assert_allclose(found.share, share, atol=1e-12)
    np.testing.assert_allclose(found.gain, gain, atol=1e-12)
    np.testing.assert_allclose(uplift_curve(*columns).gain, uplift, atol=1e-12)
    steps = np.diff(share)
    area = float(np.sum(steps * (gain[1:] + gain[:-1]) / 2))
    assert qini(*columns) == pytest.approx(area - gain[-1] / 2, abs=1e-12)
    assert auuc(*columns) == pytest.approx(float(np.sum(steps * (uplift[1:] + uplift[:-1]) / 2)), abs=1e-12)


def test_a_score_of_the_truth_beats_its_opposite_and_no_order_is_nothing() -> None:
    random = np.random.default_rng(5)
    trait, treated = random.random(4_000), random.random(4_000) < 0.5
    outcome = random.normal(size=4_000) + treated * trait * 4
    ones = np.ones(4_000)
    assert qini(outcome, treated, trait, ones) > 0.2
    assert qini(outcome, treated, -trait, ones) < -0.2
    assert qini(outcome, treated, ones, ones) == pytest.approx(0.0, abs=1e-12)


def test_the_curve_ends_at_the_average_effect() -> None:
    outcome, treated, score, weight = drawn(8, 300, 300)
    mean = np.average(outcome[treated], weights=weight[treated]) - np.average(
        outcome[~treated], weights=weight[~treated]
    )
    assert qini_curve(outcome, treated, score, weight).gain[-1] == pytest.approx(mean)


@pytest.mark.parametrize(
    ("outcome", "treated", "message"),
    [([1.0, 2.0], [True, True], "control: 0 rows"), ([1.0, np.nan], [True, False], "finite")],
)
def test_unusable_columns_are_named(outcome: list[float], treated: list[bool], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        qini(outcome, treated, [1.0, 2.0], [1.0, 1.0])
