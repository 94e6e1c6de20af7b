"""Variances of weighted sums in which few huge rewards met few heavy weights."""

from __future__ import annotations

import numpy as np
import pytest

from ml.offpolicy.extremes import with_extremes_pooled
from ml.offpolicy.intervals import Spread, interval, mean_of


def test_wherever_the_one_huge_order_fell_the_moments_are_their_mean_over_all_places() -> None:
    coefficient, likely = np.random.default_rng(1).exponential(1.0, 100), np.ones(100)
    own, pooled = [], []
    for place in range(100):
        rest = np.where(np.arange(100) == place, 50.0, 0.0)
        spread = Spread(0.0, coefficient * rest)
        own.append([float((spread.influence**power).sum()) for power in (2, 3)])
        pooled.append(with_extremes_pooled(spread, coefficient, rest, likely).pooled)
    assert np.array(pooled) == pytest.approx(np.tile(np.mean(own, axis=0), (100, 1)))


def test_an_exposure_that_could_bring_nothing_takes_no_part() -> None:
    coefficient, rest = np.array([1.0] * 50 + [9.0] * 50), np.zeros(100)
    rest[7] = 30.0
    spread = Spread(0.0, coefficient * rest)
    found = with_extremes_pooled(spread, coefficient, rest, np.array([1.0] * 50 + [0.0] * 50))
    assert found.pooled == pytest.approx((900.0, 27_000.0))
    assert with_extremes_pooled(spread, coefficient, rest, np.zeros(100)) == spread


def test_with_weights_that_are_all_one_pooling_changes_no_moment() -> None:
    reward = np.random.default_rng(2).lognormal(0.0, 1.6, 300)
    spread = mean_of(reward, np.arange(300))
    found = with_extremes_pooled(spread, np.full(300, 1 / 300), reward - reward.mean(), np.ones(300))
    assert found.pooled == pytest.approx([(spread.influence**power).sum() for power in (2, 3)])


def test_intervals_of_a_weighted_mean_hold_where_margins_are_most_skewed() -> None:
    """A fifth of 1,500 people buy, for lognormal amounts of sigma 1.6; a tenth of them have a weight of 8.2."""
    random, held, width = np.random.default_rng(20), np.zeros(2), np.zeros(2)
    truth, people = 0.2 * np.exp(1.6**2 / 2), np.arange(1_500)
    for _ in range(600):
        reward = (random.random(1_500) < 0.2) * random.lognormal(0.0, 1.6, 1_500)
        weight = np.where(random.random(1_500) < 0.1, 8.2, 0.2)
        plain = mean_of(weight * reward, people)
        pooled = with_extremes_pooled(plain, weight / 1_500, reward - reward.mean(), np.ones(1_500))
        for number, spread in enumerate((plain, pooled)):
            low, high = interval(spread)[1:3]
            held[number] += low <= truth <= high
            width[number] += high - low
    assert 0.94 <= held[1] / 600 <= 0.99
    assert held[1] >= held[0] + 12
    assert width[1] < 0.8 * width[0]
