"""Which method serves: taste that is there is found, taste that is not there is not claimed."""

from __future__ import annotations

import numpy as np
import pytest

from ml.errors import NotTrainable
from ml.recommend import Mix, choose
from ml.recommend.discovery import POPULAR, factors, methods, neighbours
from tests.ml.recommend.shops import month


def test_where_tastes_differ_something_beats_the_best_sellers() -> None:
    mix = choose((month(seed=1), month(seed=2)), seed=3)
    assert mix.discovery != POPULAR
    assert "beyond noise" in mix.verdicts["discovery"]
    served, simple = mix.metrics[f"discovery/{mix.discovery}"], mix.metrics["discovery/popular"]
    assert served["ndcg_low"] > simple["ndcg"]
    assert Mix.from_files(mix.files()) == mix


def test_where_nobody_has_a_taste_the_best_sellers_serve_and_it_is_said() -> None:
    mix = choose((month(seed=5, taste=0.0), month(seed=6, taste=0.0)), seed=3)
    assert mix.discovery == POPULAR
    assert "popular serves" in mix.verdicts["discovery"]


def test_no_repeat_buyers_leave_discovery_measured() -> None:
    periods = [month(seed=seed) for seed in (1, 2)]
    for at, period in enumerate(periods):
        known = set(zip(*(period.known.owned.nonzero()), strict=True))
        rows = period.known.customers.tolist(), period.known.products.tolist()
        old = {(rows[0][int(i)], rows[1][int(j)]) for i, j in known}
        fresh = [pair not in old for pair in period.later.itertuples(index=False, name=None)]
        periods[at] = period._replace(later=period.later.loc[fresh])
    mix = choose((periods[0], periods[1]), seed=3)
    assert mix.buy_again == "orders_since_last"
    assert "0 customers bought something again" in mix.verdicts["buy_again"]
    assert any(name.startswith("discovery/") for name in mix.metrics)


def test_one_customer_is_too_few_and_counted() -> None:
    with pytest.raises(NotTrainable, match="at least 50"):
        choose((month(customers=1), month(customers=1)), seed=3)


def test_the_same_seed_gives_the_same_scores_and_neighbours_those_of_numpy() -> None:
    known = month().known
    rows = np.arange(5)
    np.testing.assert_array_equal(factors(7)(known)(rows), factors(7)(known)(rows))
    owned = np.asarray(known.owned.todense())
    buyers, lines = owned.sum(axis=1, keepdims=True), owned.sum(axis=0)
    idf = np.log(len(owned)) - np.log1p(lines)
    weights = owned * 2.2 / (1.2 * (1 - 0.75 + 0.75 * buyers / buyers.mean()) + owned) * idf
    expected = owned[rows] @ (weights.T @ weights)
    found = neighbours(known)(rows)
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.99


def test_every_method_scores_every_product_with_a_number() -> None:
    known = month().known
    for name, method in methods(3).items():
        found = method(known)(np.arange(4))
        assert found.shape == (4, len(known.products)), name
        assert np.isfinite(found).all(), name
