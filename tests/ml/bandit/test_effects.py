"""Pooling, against the textbook formula for conditioning a normal distribution on what was observed."""

from __future__ import annotations

import numpy as np
import pytest

from ml.bandit.amounts import fit_amounts, variances_of
from ml.bandit.effects import Spread, solve
from ml.bandit.layout import Cell, layout
from ml.bandit.rates import fit_rates

UNITS = layout([Cell(s, c) for s in range(3) for c in ("app", "web")], ["a", "b", "c"])


def test_posterior_is_that_of_the_whole_normal_distribution() -> None:
    draw = np.random.default_rng(4)
    size = len(UNITS.design)
    target, precision = draw.normal(2.0, 1.0, size), draw.uniform(1.0, 20.0, size)
    precision[[2, 7]] = 0.0
    spread = Spread(draw.uniform(0.05, 0.5, UNITS.groups), 0.1)
    found = solve(UNITS, target, precision, spread, prior_mean=1.5)
    widest = 100.0 * (spread.shared.sum() + spread.own)
    variances = np.append(spread.shared, widest)[UNITS.blocks]
    prior = (UNITS.design * variances) @ UNITS.design.T + spread.own * np.eye(size)
    seen = precision > 0
    gain = prior[:, seen] @ np.linalg.inv(prior[np.ix_(seen, seen)] + np.diag(1 / precision[seen]))
    mean = 1.5 + gain @ (target[seen] - 1.5)
    covariance = prior - gain @ prior[seen, :]
    assert found.mean == pytest.approx(mean, abs=1e-8)
    draws = found.draws(40_000, np.random.default_rng(5))
    assert np.cov(draws.T) == pytest.approx(covariance, abs=0.06 * covariance.max())


def test_rates_of_large_cells_are_their_own_and_of_small_ones_their_neighbours() -> None:
    exposures = np.full((6, 3), 100_000.0)
    rates = np.full((6, 3), 0.03) * np.array([0.8, 1.0, 1.25])
    exposures[5] = 20.0
    found = np.exp(fit_rates(UNITS, np.rint(exposures * rates).ravel(), exposures.ravel()).mean).reshape(6, 3)
    assert found[:5] == pytest.approx(rates[:5], rel=0.02)
    assert found[5, 2] / found[5, 0] == pytest.approx(1.25 / 0.8, rel=0.1)


def test_cells_without_conversions_or_exposures_have_a_finite_rate() -> None:
    exposures = np.zeros(18)
    exposures[:3] = 1000.0
    found = fit_rates(UNITS, np.zeros(18), exposures)
    assert np.isfinite(found.mean).all()
    assert np.exp(found.mean).max() < 0.01


def test_more_conversions_than_exposures_do_not_break_it() -> None:
    found = fit_rates(UNITS, np.full(18, 30.0), np.full(18, 20.0))
    assert np.isfinite(found.mean).all()


def test_one_outlier_widens_its_own_unit_only() -> None:
    totals, counts = np.full(6, 1000.0), np.full(6, 100.0)
    squares = totals**2 / counts + 99 * 25.0
    totals[0], squares[0] = totals[0] + 1e6, squares[0] + 1e12
    variances = variances_of(totals, squares, counts)
    assert variances[1:] == pytest.approx(np.full(5, 25.0))
    assert variances[0] > 1e9


def test_amounts_that_nobody_has_seen_stay_at_zero() -> None:
    found = fit_amounts(UNITS, np.zeros(18), np.zeros(18), np.ones(18))
    assert found.mean == pytest.approx(np.zeros(18))
