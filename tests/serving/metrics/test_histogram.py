"""Histograms: quantiles against numpy, and counts that add up."""

from __future__ import annotations

import numpy as np
import pytest

from serving.metrics.histogram import BOUNDS_MS, Histogram, added, quantile


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
@pytest.mark.parametrize(("median", "spread"), [(2.0, 0.5), (9.0, 1.0), (120.0, 0.8)])
def test_a_quantile_is_within_its_bucket_of_the_exact_one(share: float, median: float, spread: float) -> None:
    durations = np.random.default_rng(7).lognormal(np.log(median), spread, 20_000)
    histogram = Histogram()
    for duration in durations:
        histogram.observe(float(duration))
    found, exact = quantile(histogram.counts, share), float(np.quantile(durations, share))
    bounds = [0.0, *BOUNDS_MS]
    place = int(np.searchsorted(bounds, exact))
    assert found is not None
    assert bounds[max(place - 2, 0)] <= found <= bounds[min(place + 1, len(bounds) - 1)]
    assert histogram.total_ms == pytest.approx(durations.sum())


def test_nothing_counted_has_no_quantile_and_what_is_beyond_is_the_last_bound() -> None:
    histogram = Histogram()
    assert quantile(histogram.counts, 0.99) is None
    histogram.observe(1e9)
    assert quantile(histogram.counts, 0.99) == BOUNDS_MS[-1]


def test_histograms_of_workers_add_up_and_those_of_other_bounds_do_not() -> None:
    one, two = Histogram(), Histogram()
    one.observe(1.0)
    two.observe(1.0)
    two.observe(70.0)
    assert sum(added([one.counts, two.counts, [5, 5]])) == 3
    assert added([one.counts, two.counts]) == added([two.counts, one.counts])
