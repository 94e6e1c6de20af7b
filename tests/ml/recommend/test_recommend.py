"""Recommendation lists by hand and by rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from ml.recommend import COLUMNS, bought_together_for, buy_again, popular
from ml.recommend.bought_together import directed

NOW = datetime(2017, 10, 3, tzinfo=UTC)


def bought(*rows: tuple[str, str, int, int]) -> pd.DataFrame:
    """Rows of (customer, product, orders, days since the last one)."""
    return pd.DataFrame(
        {
            "customer_id": pd.Series([row[0] for row in rows], dtype="str"),
            "product_id": pd.Series([row[1] for row in rows], dtype="str"),
            "n_orders": pd.Series([row[2] for row in rows], dtype="int64"),
            "last_ordered_at": pd.Series([NOW - timedelta(days=row[3]) for row in rows], dtype="datetime64[us, UTC]"),
        }
    )


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
    result = buy_again(bought(("ann", "milk", 4, 0), ("ann", "tea", 10, 180), ("ann", "gum", 1, 0)), NOW)
    assert result["product_id"].tolist() == ["milk", "tea", "gum"]
    assert result["score"].tolist() == pytest.approx([4.0, 2.5, 1.0])
    assert result["rank"].tolist() == [1, 2, 3]
    assert result["reason"].tolist()[1:] == ["bought 10 times, last 180 days ago", "bought once, last 0 days ago"]


def test_a_floor_of_orders_and_a_longest_list() -> None:
    shelf = bought(*[("ann", f"p{index:02d}", index, 1) for index in range(1, 15)])
    assert len(buy_again(shelf, NOW)) == 10
    assert buy_again(shelf, NOW, least_orders=13)["product_id"].tolist() == ["p14", "p13"]


def test_equal_scores_are_ordered_by_product_whatever_the_row_order() -> None:
    shelf = bought(("ann", "b", 2, 5), ("ann", "a", 2, 5), ("bob", "z", 2, 5))
    pd.testing.assert_frame_equal(buy_again(shelf, NOW), buy_again(shelf.iloc[::-1], NOW))
    assert buy_again(shelf, NOW)["product_id"].tolist() == ["a", "b", "z"]


def test_a_half_life_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="half_life_days: 0"):
        buy_again(bought(("ann", "a", 1, 1)), NOW, half_life_days=0)


def test_both_directions_of_a_pair_are_conditional_shares() -> None:
    links = directed(pairs(("bread", "butter", 10, 40, 20))).set_index("seed")
    assert links.loc["bread", "confidence"] == pytest.approx(10 / 40)
    assert links.loc["butter", "confidence"] == pytest.approx(10 / 20)


def test_pairs_no_closer_than_chance_are_dropped() -> None:
    assert directed(pairs(("milk", "bags", 10, 50, 20))).empty


def test_partners_are_suggested_unless_owned() -> None:
    shelf = bought(("ann", "bread", 3, 2), ("ann", "jam", 1, 10), ("bob", "bread", 1, 2), ("bob", "butter", 1, 200))
    links = pairs(("bread", "butter", 10, 40, 20), ("bread", "jam", 10, 40, 10))
    result = bought_together_for(shelf, links, NOW)
    assert set(zip(result["customer_id"], result["product_id"], strict=True)) == {
        ("ann", "butter"),
        ("bob", "butter"),
        ("bob", "jam"),
    }
    assert set(result["reason"]) == {"often bought with bread"}
    assert result["task"].unique().tolist() == ["bought_together"]


def test_two_seeds_add_up_like_independent_chances() -> None:
    shelf = bought(("ann", "bread", 1, 1), ("ann", "milk", 1, 1))
    links = pairs(("bread", "butter", 10, 40, 20), ("milk", "butter", 10, 20, 20))
    result = bought_together_for(shelf, links, NOW)
    assert result["score"].tolist() == pytest.approx([1 - (1 - 0.25) * (1 - 0.5)])
    assert result["reason"].tolist() == ["often bought with milk"]


def test_best_sellers_leave_out_what_was_just_bought() -> None:
    sellers = pd.DataFrame({"product_id": ["milk", "eggs", "tea"], "n_orders": [9, 8, 8]})
    shelf = bought(("ann", "milk", 5, 3), ("bob", "milk", 5, 60))
    result = popular(sellers, ["ann", "bob"], shelf, NOW)
    assert result.loc[result["customer_id"] == "ann", "product_id"].tolist() == ["eggs", "tea"]
    assert result.loc[result["customer_id"] == "bob", "product_id"].tolist() == ["milk", "eggs", "tea"]
    assert result["reason"].tolist()[-1] == "8 orders in 30 days"


def test_nothing_bought_gives_empty_lists_with_columns() -> None:
    nobody, none = bought(), pairs()
    sellers = pd.DataFrame({"product_id": pd.Series([], dtype="str"), "n_orders": pd.Series([], dtype="int64")})
    lists = [buy_again(nobody, NOW), bought_together_for(nobody, none, NOW), popular(sellers, [], nobody, NOW)]
    assert all(found.empty and tuple(found.columns) == COLUMNS for found in lists)
    assert len(popular(sellers.assign(), ["ann"], nobody, NOW)) == 0
