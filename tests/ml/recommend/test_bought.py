"""Purchases as numbers against plain loops over the purchases themselves."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from statistics import median

import numpy as np
import pandas as pd
import pytest

from ml.recommend.bought import bought, cadence, days_bought, sold
from ml.recommend.cadence import owned_days, still_owned, worth_repeating
from tests.ml.recommend.shops import days, random_shop


@pytest.mark.parametrize("seed", [1, 2])
def test_entries_are_the_distinct_days_of_each_customer_and_product(seed: int) -> None:
    lines = random_shop(seed)
    found = bought(days(lines))
    distinct: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for who, what, _, ago in lines:
        distinct[who, what].add(ago)
    pairs = [
        (found.customers[who], found.products[what]) for who, what in zip(found.customer, found.product, strict=True)
    ]
    assert pairs == sorted(distinct)
    ages = [distinct[pair] for pair in pairs]
    assert found.n_orders.tolist() == [len(one) for one in ages]
    assert found.age_days.tolist() == [min(one) for one in ages]
    np.testing.assert_allclose(found.fresh, [sum(2 ** (-ago / 120) for ago in one) for one in ages], atol=1e-9)
    np.testing.assert_allclose(found.habit, [len(one) * 2 ** (-min(one) / 90) for one in ages], atol=1e-9)
    assert [found.categories[kind] for kind in found.category] == [f"k{int(what[1:]) % 3}" for _, what in pairs]


def test_the_cadence_is_the_median_gap_and_the_share_of_pairs_with_one() -> None:
    lines = random_shop(3)
    asked = days(lines)
    found = cadence(asked)
    for place, kind in enumerate(asked.categories):
        distinct: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
        for who, what, category, ago in lines:
            if category == kind:
                distinct[who, what].add(ago)
        gaps = [later - ago for one in distinct.values() for ago, later in pairwise(sorted(one))]
        assert found.gap_days[place] == median(gaps)
        assert found.repeat_share[place] == sum(len(one) > 1 for one in distinct.values()) / len(distinct)


def test_a_product_of_two_categories_is_one_product() -> None:
    found = bought(days([("ann", "tea", "drinks", 9), ("ann", "tea", "gifts", 4), ("ann", "tea", "gifts", 9)]))
    assert (found.n_orders.tolist(), found.age_days.tolist()) == ([3], [4])
    assert found.categories[found.category].tolist() == ["gifts"]


def test_buyers_of_a_month_and_a_quarter_are_counted_once() -> None:
    found = sold(bought(days([("a", "x", "k", 30), ("a", "x", "k", 2), ("b", "x", "k", 31), ("b", "y", "k", 92)])))
    assert found.to_numpy().tolist() == [["x", 1, 2]]


def test_some_customers_purchases_are_theirs_and_nobodys_else() -> None:
    whole = bought(days(random_shop(4)))
    places = np.array([-1, 2, 3, -1, 7])
    part = whole.of(places)
    assert part.customers.tolist() == ["", "c02", "c03", "", "c07"]
    for row, place in enumerate(places):
        own, theirs = part.customer == row, whole.customer == place
        assert part.product[own].tolist() == whole.product[theirs].tolist()
        assert part.fresh[own].tolist() == whole.fresh[theirs].tolist()
    assert len(whole.of(np.array([-1, -1])).customer) == 0


def test_what_nobody_buys_twice_stays_out_for_a_year() -> None:
    milk = [("ann", "milk", "milk", 3), ("ann", "milk", "milk", 9), ("bob", "milk", "milk", 12)]
    fridges = [(f"c{who}", "fridge", "fridge", 100 + turn) for who in range(30) for turn in range(1 + (who == 7))]
    asked = days([*milk, *fridges, ("ann", "gift", "gift", 91)])
    shelf, found = bought(asked), cadence(asked)
    by_category = dict(zip(shelf.categories, owned_days(found), strict=True))
    assert by_category == {"milk": 7.0, "fridge": 365.0, "gift": 365.0}
    repeatable = {
        (shelf.customers[shelf.customer[at]], shelf.products[shelf.product[at]])
        for at in np.flatnonzero(worth_repeating(shelf, found))
    }
    assert repeatable == {("ann", "milk"), ("bob", "milk"), ("c7", "fridge")}
    owned = {shelf.products[shelf.product[at]] for at in np.flatnonzero(still_owned(shelf, found))}
    assert owned == {"milk", "fridge", "gift"}


def test_a_day_out_of_the_year_is_named() -> None:
    items = pd.DataFrame({"product_id": ["tea"], "category": ["x"]})
    with pytest.raises(ValueError, match=r"days_ago: 0 to 366"):
        days_bought(np.array(["ann"], dtype=object), items, [0, 0], [0, 0], [0, 366])


def test_nothing_bought_is_nothing() -> None:
    asked = days([])
    assert len(bought(asked).customer) == len(cadence(asked).gap_days) == len(sold(bought(asked))) == 0
