"""BG/NBD and MBG/NBD against published values, brute-force integration and the process itself."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, gamma

from ml.lifetime.beta_geometric import BetaGeometric, fit_beta_geometric
from ml.lifetime.history import PurchaseHistory
from tests.ml.lifetime.processes import simulate

# Fader, Hardie, Lee (2005), table 2: CDNOW, weeks. The same authors' "Implementing the BG/NBD Model for Customer Base
# Analysis in Excel" gives 1.226 expected purchases in 39 weeks for x=2, t_x=30.43, T=38.86.
CDNOW = BetaGeometric(r=0.243, alpha=4.414, a=0.793, b=2.426)


def one(x: float, last: float, observed: float) -> PurchaseHistory:
    return PurchaseHistory(*(np.array([value]) for value in (x, last, observed, 1.0)))


def test_expected_purchases_of_the_published_customer() -> None:
    assert CDNOW.expected_purchases(one(2, 30.43, 38.86), 39.0)[0] == pytest.approx(1.226, abs=0.001)


@pytest.mark.parametrize(("weeks", "expected"), [(1.0, 0.0532), (31.8571, 1.0405), (78.0, 1.8576)])
def test_expected_purchases_of_a_new_customer_as_published(weeks: float, expected: float) -> None:
    assert CDNOW.expected_purchases(one(0, 0, 0), weeks)[0] == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize("modified", [False, True])
@pytest.mark.parametrize(("x", "last", "observed"), [(0, 0.0, 20.0), (1, 3.0, 20.0), (4, 12.0, 13.0)])
def test_no_purchase_is_the_integral_over_rates_and_chances(
    x: int, last: float, observed: float, modified: bool
) -> None:
    """Joint density of (rate, p) and the history, with and without silence in the horizon, integrated numerically."""
    model, horizon = BetaGeometric(0.9, 5.0, 1.4, 2.5, modified), 7.0
    nodes, weights = np.polynomial.legendre.leggauss(400)
    # Squares and cubes crowd the nodes where the densities are steep: at rates and chances near zero.
    u, w = (nodes + 1) / 2, weights / 2
    rate, chance = (4 * u**3)[:, None], (u**2)[None, :]
    prior = gamma(model.r, scale=1 / model.alpha).pdf(rate) * beta(model.a, model.b).pdf(chance)
    area = (w * 12 * u**2)[:, None] * (w * 2 * u)[None, :]

    def mass(silent_days: float, *, left: bool) -> float:
        alive = (1 - chance) ** (x + (1 if modified else 0)) * np.exp(-rate * (observed + silent_days))
        gone = chance * (1 - chance) ** (x if modified else x - 1) if modified or x else np.zeros_like(chance)
        ended = gone * np.exp(-rate * last) if left else 0.0
        return float((rate**x * (alive + ended) * prior * area).sum())

    everything = mass(0.0, left=True)
    history = one(x, last, observed)
    assert model.no_purchase(history, horizon)[0] == pytest.approx(mass(horizon, left=True) / everything, rel=1e-3)
    assert model.alive(history)[0] == pytest.approx(mass(0.0, left=False) / everything, rel=1e-3)
    assert model.log_likelihood(history) == pytest.approx(np.log(everything), abs=1e-3)


@pytest.mark.parametrize("modified", [False, True])
def test_known_parameters_come_back_from_simulated_customers(modified: bool) -> None:
    truth = BetaGeometric(0.8, 30.0, 0.9, 2.5, modified)
    shown = simulate(truth, customers=5_000, horizon=91.0, seed=4)
    found = fit_beta_geometric(shown.history, modified=modified)
    assert found is not None
    assert found.log_likelihood(shown.history) >= truth.log_likelihood(shown.history)
    np.testing.assert_allclose(astuple(found)[:2], astuple(truth)[:2], rtol=0.25)
    assert found.a / (found.a + found.b) == pytest.approx(truth.a / (truth.a + truth.b), abs=0.04)
    silent = found.no_purchase(shown.history, 91.0)
    assert silent.mean() == pytest.approx((shown.later == 0).mean(), abs=0.02)
    assert found.expected_purchases(shown.history, 91.0).sum() == pytest.approx(shown.later.sum(), rel=0.06)


def test_a_probability_of_being_alive_is_no_churn_score() -> None:
    """One-time buyers of long ago are alive for certain, and yet hardly ever come back."""
    history = one(0, 0.0, 300.0)
    assert CDNOW.alive(history)[0] == 1.0
    assert CDNOW.no_purchase(history, 13.0)[0] > 0.98


@settings(max_examples=40, deadline=None)
@given(
    logs=st.tuples(*[st.floats(-6.9, 6.9)] * 4),
    x=st.integers(0, 2_000),
    observed=st.floats(0, 5_000),
    share=st.floats(0, 1),
    horizon=st.floats(0.1, 730),
    modified=st.booleans(),
)
def test_every_figure_is_finite_and_within_its_bounds(
    logs: tuple[float, ...], x: int, observed: float, share: float, horizon: float, modified: bool
) -> None:
    model = BetaGeometric(*np.exp(logs), modified=modified)
    history = one(x, share * observed if x else 0.0, observed)
    assert 0.0 <= model.alive(history)[0] <= 1.0
    assert -1e-9 <= model.no_purchase(history, horizon)[0] <= 1.0
    expected = model.expected_purchases(history, horizon)[0]
    assert np.isfinite(expected)
    assert expected >= 1.0 - model.no_purchase(history, horizon)[0] - 1e-3 * (1 + expected)


@pytest.mark.parametrize(
    "history",
    [
        PurchaseHistory(*(np.zeros(0),) * 4),
        PurchaseHistory(*(np.zeros(50),) * 4),
        PurchaseHistory(np.zeros(50), np.zeros(50), np.full(50, 100.0), np.ones(50)),
        # Everybody buys every week to the end: nobody ever leaves, and no rate differs from another.
        PurchaseHistory(np.full(400, 10.0), np.full(400, 70.0), np.full(400, 70.0), np.ones(400)),
    ],
    ids=["nobody", "no time", "no repeats", "nobody leaves"],
)
def test_what_has_no_maximum_is_not_answered(history: PurchaseHistory) -> None:
    assert fit_beta_geometric(history) is None
