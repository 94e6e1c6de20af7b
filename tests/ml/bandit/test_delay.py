"""How much of an hour's answer has arrived."""

from __future__ import annotations

import numpy as np
import pytest

from ml.bandit import arrived_share


def test_an_old_experiment_shows_its_own_curve() -> None:
    """Half at once, half after two hours; so long ago that everything has come."""
    exposures = np.zeros(1000)
    exposures[500:] = 10.0
    share = arrived_share(np.array([50.0, 0.0, 50.0]), exposures)
    assert share[:4] == pytest.approx([0.25, 0.5, 0.75, 1.0])


def test_a_young_experiment_is_not_taken_for_a_quick_one() -> None:
    """Conversions after an exponential day, watched for a day and a half: the naive curve ends at 1, ours does not."""
    draw = np.random.default_rng(3)
    hours, delays = 36, draw.exponential(24.0, 400_000)
    ages = draw.uniform(0, hours, delays.size)
    seen = delays < ages
    curve = np.bincount(delays[seen].astype(int), minlength=hours).astype(float)
    share = arrived_share(curve, np.full(hours, 1000.0))
    observable = 1 - np.exp(-hours / 24.0)
    # The oldest hours have hardly anybody at risk, so compare where there are some.
    for age in (6, 12, 24):
        truth = (1 - np.exp(-(age + 0.5) / 24.0)) / observable
        naive = curve[: age + 1].sum() / curve.sum()
        assert abs(share[age] - truth) < 0.02 < naive - truth


def test_without_delays_everything_counts_at_once() -> None:
    assert arrived_share(np.zeros(0), np.ones(5)) == pytest.approx(np.ones(5))


def test_few_conversions_lean_on_what_others_showed() -> None:
    pooled = np.array([0.0, 0.0, 100.0])
    share = arrived_share(np.array([1.0]), np.full(100, 5.0), pooled)
    assert share[0] < 0.05
    assert share[5] == pytest.approx(1.0)
