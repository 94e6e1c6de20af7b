"""Recommendation lists by hand and by rule."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from ml.recommend import bought_together_for, buy_again, partners, popular
from ml.recommend.bought import HABIT_HALF_LIFE_DAYS, Bought, bought
from ml.recommend.bought_together import directed
from tests.ml.recommend.shops import days, random_shop, rows, shelf_of

NONE = np.zeros(0, dtype=bool)


def again(shelf: Bought, half_life_days: float = HABIT_HALF_LIFE_DAYS) -> pd.DataFrame:
    return rows(buy_again(shelf, half_life_days=half_life_days), list(shelf.customers))


def together(shelf: Bought, links: pd.DataFrame, within: int = 90) -> pd.DataFrame:
    return rows(bought_together_for(shelf, partners(links), shelf.age_days <= within), list(shelf.customers))


def pairs(*rows: tuple[str, str, int, int, int]) -> pd.DataFrame:
    """Rows of (a, b, baskets with both, with a, with b) among 100 baskets."""
    return pd.DataFrame(
        [
            {
                "product_a": a,
                "product_b": b,
                "support": n / 100,
                "confidence": n / of_a,
                "lift": n * 100 / (of_a * of_b),
            }
            for a, b, n, of_a, of_b in rows
        ],
        columns=["product_a", "product_b", "support", "confidence", "lift"],
    )


def test_habits_fade_by_half_every_half_life() -> None:
    result = again(shelf_of(("ann", "milk", 4, 90), ("ann", "tea", 10, 180), ("ann", "gum", 1, 90)))
    assert result["product_id"].tolist() == ["tea", "milk", "gum"]
    assert result["score"].tolist() == pytest.approx([2.5, 2.0, 0.5])
    assert result["rank"].tolist() == [1, 2, 3]
    assert result["reason"].tolist() == [
        "bought 10 times, last 180 days ago",
        "bought 4 times, last 90 days ago",
        "bought once, last 90 days ago",
    ]


def test_a_longest_list_and_what_is_not_offered() -> None:
    shelf = shelf_of(*[("ann", f"p{index:02d}", index, 1) for index in range(1, 15)])
    assert again(shelf)["product_id"].tolist() == [f"p{index:02d}" for index in range(14, 4, -1)]
    offered = rows(buy_again(shelf, offered=shelf.n_orders < 3), ["ann"])
    assert offered["product_id"].tolist() == ["p02", "p01"]


def test_decayed_orders_are_ranked_by_each_order() -> None:
    shelf = shelf_of(("ann", "a", 3, 20), ("ann", "b", 3, 19))._replace(fresh=np.array([2.0, 1.0]))
    assert again(shelf)["product_id"].tolist() == ["b", "a"]
    assert rows(buy_again(shelf, decayed=True), ["ann"])["product_id"].tolist() == ["a", "b"]


def test_equal_scores_are_ordered_by_product() -> None:
    shelf = shelf_of(("ann", "b", 2, 5), ("ann", "a", 2, 5), ("bob", "z", 2, 5))
    assert again(shelf)["product_id"].tolist() == ["a", "b", "z"]


def test_a_half_life_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="half_life_days: 0"):
        again(shelf_of(("ann", "a", 1, 1)), half_life_days=0)


def test_both_directions_of_a_pair_are_conditional_shares() -> None:
    links = directed(pairs(("bread", "butter", 10, 40, 20))).set_index("seed")
    assert links.loc["bread", "confidence"] == pytest.approx(10 / 40)
    assert links.loc["butter", "confidence"] == pytest.approx(10 / 20)


def test_pairs_no_closer_than_chance_are_dropped() -> None:
    assert directed(pairs(("milk", "bags", 10, 50, 20))).empty


def test_partners_are_suggested_unless_owned() -> None:
    shelf = shelf_of(("ann", "bread", 3, 2), ("ann", "jam", 1, 10), ("bob", "bread", 1, 2), ("bob", "butter", 1, 200))
    links = pairs(("bread", "butter", 10, 40, 20), ("bread", "jam", 10, 40, 10))
    result = together(shelf, links)
    assert set(zip(result["customer_id"], result["product_id"], strict=True)) == {
        ("ann", "butter"),
        ("bob", "butter"),
        ("bob", "jam"),
    }
    assert set(result["reason"]) == {"often bought with bread"}


def test_two_seeds_add_up_like_independent_chances() -> None:
    shelf = shelf_of(("ann", "bread", 1, 1), ("ann", "milk", 1, 1))
    links = pairs(("bread", "butter", 10, 40, 20), ("milk", "butter", 10, 20, 20))
    result = together(shelf, links)
    assert result["score"].tolist() == pytest.approx([1 - (1 - 0.25) * (1 - 0.5)])
    assert result["reason"].tolist() == ["often bought with milk"]


@pytest.mark.parametrize("cells", [1, 1_000_000])
def test_lists_of_pairs_equal_plain_loops(monkeypatch: pytest.MonkeyPatch, cells: int) -> None:
    monkeypatch.setattr("ml.recommend.bought_together.CELLS", cells)
    monkeypatch.setattr("ml.recommend.bought_together.SEEDS", 6)
    random = np.random.default_rng(5)
    drawn = {(f"p{a:02d}", f"p{b:02d}") for a, b in random.integers(25, size=(60, 2)) if a < b}
    links = pairs(
        *((a, b, int(n), 15, 20) for (a, b), n in zip(sorted(drawn), random.integers(4, 9, 60), strict=False))
    )
    both = directed(links)
    chance = dict(zip(zip(both["seed"], both["product_id"], strict=True), both["confidence"], strict=True))
    shelf = bought(days(random_shop(6)))
    expected = []
    for place, who in enumerate(shelf.customers):
        mine = shelf.customer == place
        own = dict(zip(shelf.products[shelf.product[mine]], shelf.age_days[mine].tolist(), strict=True))
        seeds = sorted(own, key=lambda product: (own[product], product))[:6]
        scores = []
        for product in {b for a, b in chance if a in seeds and own.get(b, 99) > 20}:
            found = sorted((-chance[seed, product], seed) for seed in seeds if (seed, product) in chance)
            missed = math.prod(1 + confidence for confidence, _ in found)
            scores.append((round(missed - 1, 9), product, found[0][1]))
        expected += [(who, rank, product, seed) for rank, (_, product, seed) in enumerate(sorted(scores)[:10], start=1)]
    result = together(shelf, links, within=20)
    assert len(result) > 50
    reasons = [reason.removeprefix("often bought with ") for reason in result["reason"]]
    assert list(zip(result["customer_id"], result["rank"], result["product_id"], reasons, strict=True)) == expected


def test_best_sellers_leave_out_what_was_just_bought() -> None:
    sellers = pd.DataFrame({"product_id": ["milk", "eggs", "tea", "dust"], "n_orders": [9, 8, 1, 0]})
    shelf = shelf_of(("ann", "milk", 5, 3), ("bob", "milk", 5, 60))
    result = rows(popular(sellers, 3, shelf, shelf.age_days <= 30), ["ann", "bob", "cid"])
    assert result.loc[result["customer_id"] == "ann", "product_id"].tolist() == ["eggs", "tea"]
    for who in ("bob", "cid"):
        assert result.loc[result["customer_id"] == who, "product_id"].tolist() == ["milk", "eggs", "tea"]
    assert result["rank"].tolist() == [1, 2, 1, 2, 3, 1, 2, 3]
    assert result["reason"].tolist()[-2:] == ["8 orders in 30 days", "1 order in 30 days"]


def test_nothing_bought_gives_empty_lists() -> None:
    nobody, none = shelf_of(), pairs()
    sellers = pd.DataFrame({"product_id": pd.Series([], dtype="str"), "n_orders": pd.Series([], dtype="int64")})
    for found in (
        buy_again(nobody),
        bought_together_for(nobody, partners(none), NONE),
        popular(sellers, 0, nobody, NONE),
        popular(sellers, 1, nobody, NONE),
    ):
        assert len(found.row) == 0
