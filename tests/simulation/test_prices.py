"""Prices: list price from the quarter before, and the order of cost, floor, advertised and list price."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from simulation.digital_layer import DigitalLayer
from simulation.prices import FLOOR_OVER_COST, QUARTER_DAYS, UNPRICED_DEPARTMENTS, draw_prices


def test_a_quarters_price_is_the_median_of_the_quarter_before(
    layer: DigitalLayer, shop_frames: dict[str, pd.DataFrame]
) -> None:
    lines = shop_frames["transactions"].merge(shop_frames["products"], on="product_id")
    listed = lines["sales_value"] + lines["retail_disc"]
    lines = lines.assign(price=listed / lines["quantity"])[(listed > 0) & (lines["department"] != "FUEL")]
    first = lines[lines["transaction_timestamp"] < pd.Timestamp("2017-01-01") + pd.Timedelta(days=QUARTER_DAYS)]
    median = first.groupby("product_id")["price"].quantile(0.5, interpolation="higher").round(4)
    position = np.searchsorted(layer.orders.product_ids, median.index)
    np.testing.assert_allclose(layer.prices.list_price[position, 1], median.to_numpy(), atol=1e-4)


def test_later_sales_change_no_earlier_price(layer: DigitalLayer) -> None:
    orders = layer.orders
    late = orders.line_seconds >= QUARTER_DAYS * 86_400
    doubled = np.where(late, 2.0, 1.0) * orders.line_list_amount
    changed = draw_prices(type(orders)(**{**vars(orders), "line_list_amount": doubled}), 11)
    known = ~np.isnan(layer.prices.list_price[:, 1])
    had_first = np.isin(np.arange(len(known)), orders.line_product[~late])
    mine = known & had_first & ~np.isnan(changed.list_price[:, 1])
    assert mine.sum() > 50
    np.testing.assert_array_equal(layer.prices.list_price[mine, 1], changed.list_price[mine, 1])


def test_cost_floor_advertised_and_list_price_are_in_order(read_source: Callable[[str], pd.DataFrame]) -> None:
    rows = read_source("sim_prices")
    assert (rows["cost"] > 0).all()
    assert (rows["cost"] <= rows["floor_price"]).all()
    assert (rows["floor_price"] <= rows["list_price"]).all()
    np.testing.assert_allclose(rows["floor_price"], rows["cost"] * FLOOR_OVER_COST, atol=1e-4)
    advertised = rows["map_price"].dropna()
    assert 0.1 < len(advertised) / len(rows) < 0.5
    assert (advertised <= rows.loc[advertised.index, "list_price"]).all()
    assert (advertised >= rows.loc[advertised.index, "cost"] - 1e-4).all()


def test_fuel_has_no_price_per_piece(layer: DigitalLayer) -> None:
    departments = np.array(layer.orders.departments)[layer.orders.product_department[layer.prices.priced]]
    assert not np.isin(departments, UNPRICED_DEPARTMENTS).any()


def test_only_moves_above_one_per_cent_are_listed(read_source: Callable[[str], pd.DataFrame]) -> None:
    rows = read_source("sim_prices").sort_values(["product_id", "occurred_at"])
    moves = rows.groupby("product_id")["list_price"].pct_change().dropna()
    assert (moves.abs() > 0.0099).all()
    assert rows["received_at"].gt(rows["occurred_at"]).all()


def test_prices_are_found_by_time(layer: DigitalLayer) -> None:
    product = layer.prices.priced[:20]
    second_quarter = np.full(20, layer.orders.start_us + (QUARTER_DAYS + 1) * 86_400_000_000)
    found = layer.prices.at(layer.orders, product, second_quarter)
    np.testing.assert_array_equal(found, layer.prices.list_price[product, 1])
