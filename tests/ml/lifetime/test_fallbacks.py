"""NBD, Gamma-Gamma and the order in which the models are tried."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.stats import gamma

from ml.lifetime import fit_lifetime, purchase_history
from ml.lifetime.beta_geometric import BetaGeometric
from ml.lifetime.gamma_gamma import GammaGamma, fit_gamma_gamma
from ml.lifetime.gamma_poisson import GammaPoisson, fit_gamma_poisson
from ml.lifetime.history import PurchaseHistory
from tests.ml.lifetime.processes import Shown, simulate


def frame_of(shown: Shown) -> pd.DataFrame:
    history = shown.history
    return pd.DataFrame(
        {
            "orders_lifetime": history.repeats + 1,
            "days_since_first_order": history.observed,
            "recency_days": history.observed - history.last_at,
            "spend_lifetime": (history.repeats + 1) * history.mean_amount,
        }
    )


def poisson_shop(customers: int = 3_000, seed: int = 2) -> Shown:
    random = np.random.default_rng(seed)
    rate, observed = random.gamma(1.5, 1 / 40, customers), random.uniform(100, 300, customers)
    x, later = random.poisson(rate * observed), random.poisson(rate * 91)
    last = np.where(x > 0, observed * random.beta(np.maximum(x, 1), 1), 0.0)
    return Shown(PurchaseHistory(x.astype(float), last, observed, np.full(customers, 20.0)), later)


def test_moments_find_the_rates_of_a_shop_that_nobody_leaves() -> None:
    shown = poisson_shop()
    found = fit_gamma_poisson(shown.history)
    assert found.r == pytest.approx(1.5, rel=0.15)
    assert found.alpha == pytest.approx(40, rel=0.15)
    assert found.no_purchase(shown.history, 91).mean() == pytest.approx((shown.later == 0).mean(), abs=0.02)
    assert found.expected_purchases(shown.history, 91).sum() == pytest.approx(shown.later.sum(), rel=0.03)


def test_silence_is_the_integral_over_the_rate() -> None:
    model, x, days, horizon = GammaPoisson(0.7, 20.0), 3, 50.0, 30.0
    posterior = gamma(model.r + x, scale=1 / (model.alpha + days))
    brute = quad(lambda rate: np.exp(-rate * horizon) * posterior.pdf(rate), 0, 5)[0]
    history = PurchaseHistory(*(np.array([value]) for value in (float(x), 40.0, days, 1.0)))
    assert model.no_purchase(history, horizon)[0] == pytest.approx(brute, rel=1e-6)


def test_the_published_gamma_gamma() -> None:
    """Fader, Hardie (2013): CDNOW p=6.25, q=3.74, v=15.44; the mean over customers is vp / (q - 1) = 35.2."""
    model = GammaGamma(6.25, 3.74, 15.44)
    assert model.expected_amount(np.array([0.0]), np.array([0.0]))[0] == pytest.approx(35.2, abs=0.05)
    assert model.expected_amount(np.array([1e9]), np.array([22.0]))[0] == pytest.approx(22.0, rel=1e-6)


def test_gamma_gamma_comes_back_from_simulated_amounts() -> None:
    random = np.random.default_rng(5)
    orders = random.integers(1, 12, 3_000).astype(float)
    rate = random.gamma(4.0, 1 / 15.0, 3_000)
    mean = random.gamma(6.0 * orders, 1 / (rate * orders))
    found = fit_gamma_gamma(orders, mean)
    assert found.p == pytest.approx(6.0, rel=0.15)
    assert found.q == pytest.approx(4.0, rel=0.15)
    assert found.v == pytest.approx(15.0, rel=0.2)


def test_a_shop_that_fits_is_answered_by_the_first_model() -> None:
    shown = simulate(BetaGeometric(0.8, 30.0, 0.9, 2.5), customers=2_000, horizon=91.0, seed=6)
    baseline = fit_lifetime(frame_of(shown))
    assert baseline is not None
    assert (baseline.name, baseline.note) == ("bg_nbd", "")
    assert baseline.spend(shown.history, 91).sum() == pytest.approx(20.0 * shown.later.sum(), rel=0.12)


@pytest.mark.parametrize(
    ("orders", "recency", "since", "spend"),
    [
        (np.ones(300), np.full(300, 50.0), np.full(300, 50.0), np.full(300, 9.0)),
        (np.zeros(300), np.full(300, np.nan), np.full(300, np.nan), np.zeros(300)),
        (np.full(300, 11.0), np.zeros(300), np.full(300, 70.0), np.full(300, 1e12)),
        (np.ones(1), np.zeros(1), np.zeros(1), np.full(1, -5.0)),
    ],
    ids=["one order each", "no order at all", "nobody leaves", "one refunded customer of today"],
)
def test_what_does_not_converge_is_said_and_still_answered(
    orders: np.ndarray, recency: np.ndarray, since: np.ndarray, spend: np.ndarray
) -> None:
    names = ("orders_lifetime", "recency_days", "days_since_first_order", "spend_lifetime")
    frame = pd.DataFrame(dict(zip(names, (orders, recency, since, spend), strict=True)))
    baseline, history = fit_lifetime(frame), purchase_history(frame)
    assert baseline is not None
    assert history is not None
    assert baseline.name == "nbd"
    assert "BG/NBD did not converge" in baseline.note
    for figures in (baseline.churn(history, 91), baseline.spend(history, 91)):
        assert np.isfinite(figures).all()
        assert (figures >= 0).all()


def test_a_frame_without_the_columns_has_no_such_baseline() -> None:
    assert fit_lifetime(pd.DataFrame({"recency_days": [1.0]})) is None
