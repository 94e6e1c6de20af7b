"""Interest: a smoothed order rate that wanes before the end, with noise, and no edge at the end of the data."""

from __future__ import annotations

import numpy as np
import pytest

from simulation.activity import WEEK_US, _smooth, interest_at, weekly_interest
from simulation.arrays import F64
from simulation.digital_layer import DigitalLayer

_WEIGHTS = {0: 1.0, -1: 0.9, -2: 0.7, -3: 0.5, 1: 1.0, 2: 0.9, 3: 0.75, 4: 0.6, 5: 0.45, 6: 0.3}


@pytest.fixture(scope="module")
def interest(layer: DigitalLayer) -> F64:
    return weekly_interest(layer.orders, layer.people, 11)


def test_smoothing_equals_a_weighted_mean_over_the_weeks_that_exist() -> None:
    counts = np.random.default_rng(2).poisson(1.5, (5, 12)).astype(np.float64)
    found = _smooth(counts)
    for person in range(5):
        for week in range(12):
            near = [(weight, week + shift) for shift, weight in _WEIGHTS.items() if 0 <= week + shift < 12]
            expected = sum(w * counts[person, at] for w, at in near) / sum(w for w, _ in near)
            assert found[person, week] == pytest.approx(expected)


def test_a_constant_rate_stays_constant_up_to_both_ends() -> None:
    np.testing.assert_allclose(_smooth(np.full((3, 9), 2.0)), 2.0)


def test_there_is_no_interest_before_joining(layer: DigitalLayer, interest: F64) -> None:
    joined_week = (layer.people.joined_us - layer.orders.start_us) // WEEK_US
    for person in np.flatnonzero(joined_week > 0)[:50]:
        assert (interest[person, : joined_week[person]] == 0).all()
        assert (interest[person, joined_week[person] :] > 0).all()


def test_interest_wanes_before_the_last_order(layer: DigitalLayer, interest: F64) -> None:
    last = np.zeros(layer.orders.people, dtype=np.int64)
    np.maximum.at(last, layer.orders.order_person, (layer.orders.order_at_us - layer.orders.start_us) // WEEK_US)
    leavers = np.flatnonzero((last > 12) & (last < interest.shape[1] - 8))
    assert len(leavers) > 15
    at_end = interest[leavers, last[leavers]].mean()
    earlier = interest[leavers, last[leavers] - 8].mean()
    assert at_end < 0.85 * earlier


def test_noise_hides_the_week_but_keeps_the_mean(layer: DigitalLayer, interest: F64) -> None:
    orders = layer.orders.order_person
    mean_orders = np.bincount(orders).sum() / interest.size
    assert interest.mean() == pytest.approx(mean_orders, rel=0.25)


def test_interest_is_looked_up_by_week_and_clipped(layer: DigitalLayer, interest: F64) -> None:
    person = np.array([3, 3, 3])
    at = np.array([layer.orders.start_us - 1, layer.orders.start_us + 2 * WEEK_US, layer.orders.end_us + 9 * WEEK_US])
    assert interest_at(interest, layer.orders, person, at).tolist() == interest[3, [0, 2, -1]].tolist()
