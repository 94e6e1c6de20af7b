"""Bands of delivery days against a count by hand, and their coverage on orders they never saw."""

from __future__ import annotations

import numpy as np
import pytest

from ml.delivery import LEAST_ORDERS, delivery_bands


def test_the_band_of_a_counted_sample() -> None:
    days = np.array([1] * 5 + [2] * 20 + [3] * 50 + [4] * 20 + [9] * 5)
    rng = np.random.default_rng(1)
    band = delivery_bands(rng.permutation(days))
    assert band is not None
    assert (band.earliest_days, band.latest_days, band.n) == (2, 4, 100)


@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.9])
def test_coverage_is_near_what_was_asked_for_when_nothing_changes(confidence: float) -> None:
    days = np.random.default_rng(2).poisson(20, 20_000)
    band = delivery_bands(days, confidence)
    assert band is not None
    held = np.mean((days >= band.earliest_days) & (days <= band.latest_days))
    # Days are whole, so a band holds at least what was asked for, and at most one day's share more at each end.
    assert confidence <= held <= confidence + 0.2
    assert band.coverage == pytest.approx(held, abs=0.03)


def test_coverage_falls_when_deliveries_become_slower() -> None:
    days = np.concatenate([np.full(700, 2), np.full(300, 6)])
    band = delivery_bands(days)
    assert band is not None
    assert band.coverage == 0.0
    assert band.latest_days == 6


def test_too_few_orders_promise_nothing() -> None:
    assert delivery_bands(np.full(LEAST_ORDERS - 1, 3)) is None
    short = delivery_bands(np.full(LEAST_ORDERS, 3))
    assert short is not None
    assert short.coverage is None
