"""The order index against pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from simulation.orders import Orders, index_orders


def test_orders_match_a_group_by(orders: Orders, shop_frames: dict[str, pd.DataFrame]) -> None:
    lines = shop_frames["transactions"]
    expected = lines.groupby("basket_id")["sales_value"].sum().sort_index()
    found = pd.Series(orders.order_amount, orders.order_ids).sort_index()
    assert found.index.tolist() == expected.index.tolist()
    np.testing.assert_allclose(found.to_numpy(), expected.to_numpy(), atol=1e-9)


def test_each_order_has_its_lines_and_its_household(orders: Orders, shop_frames: dict[str, pd.DataFrame]) -> None:
    baskets = shop_frames["transactions"].groupby("basket_id")
    for order in range(0, len(orders.order_ids), 97):
        real = baskets.get_group(orders.order_ids[order])
        block = slice(orders.order_first[order], orders.order_first[order + 1])
        assert sorted(orders.product_ids[orders.line_product[block]]) == sorted(real["product_id"])
        assert orders.household_ids[orders.order_person[order]] == real["household_id"].iloc[0]
        at = pd.Timestamp(orders.order_at_us[order], unit="us")
        assert (real["transaction_timestamp"] == at).all()


def test_person_blocks_cover_all_lines_in_order_of_time(orders: Orders) -> None:
    assert orders.person_first[-1] == len(orders.line_person)
    for person in range(0, orders.people, 41):
        block = slice(orders.person_first[person], orders.person_first[person + 1])
        assert (orders.line_person[block] == person).all()
        assert (np.diff(orders.line_seconds[block]) >= 0).all()


def test_the_span_is_whole_days(orders: Orders) -> None:
    assert pd.Timestamp(orders.start_us, unit="us") == pd.Timestamp("2017-01-01")
    assert pd.Timestamp(orders.end_us, unit="us") == pd.Timestamp("2017-06-30")
    assert orders.days == 180


def test_row_order_of_the_input_does_not_matter(orders: Orders, shop_frames: dict[str, pd.DataFrame]) -> None:
    shuffled = shop_frames["transactions"].sample(frac=1.0, random_state=1)
    again = index_orders(shuffled, shop_frames["products"])
    for name in ("order_ids", "line_product", "line_quantity", "person_first", "order_amount"):
        assert np.array_equal(getattr(orders, name), getattr(again, name))


def test_products_without_a_description_are_kept(shop_frames: dict[str, pd.DataFrame]) -> None:
    few = index_orders(shop_frames["transactions"], shop_frames["products"].head(10))
    assert len(few.product_ids) == shop_frames["transactions"]["product_id"].nunique()
    assert "UNKNOWN" in few.departments


def test_missing_columns_and_no_rows_are_named(shop_frames: dict[str, pd.DataFrame]) -> None:
    lines, products = shop_frames["transactions"], shop_frames["products"]
    with pytest.raises(ValueError, match=r"transactions: columns \['retail_disc'\] are missing"):
        index_orders(lines.drop(columns="retail_disc"), products)
    with pytest.raises(ValueError, match=r"products: columns \['brand'\] are missing"):
        index_orders(lines, products.drop(columns="brand"))
    with pytest.raises(ValueError, match="transactions: 0 rows"):
        index_orders(lines.head(0), products)
