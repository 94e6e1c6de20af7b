"""Stock moves with the real sales and knows nothing of those to come."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from simulation.digital_layer import DigitalLayer
from simulation.stock import SIZING_DAYS, best_sellers, stock_table


@pytest.fixture(scope="module")
def stock(layer: DigitalLayer) -> pd.DataFrame:
    rows = stock_table(layer.orders, layer.prices, 11).to_pandas()
    return rows.assign(day=rows["occurred_at"].dt.day_of_year - 1)


def test_there_is_one_count_a_product_and_day(layer: DigitalLayer, stock: pd.DataFrame) -> None:
    products = len(best_sellers(layer.orders, layer.prices))
    assert len(stock) == products * layer.orders.days
    assert not stock.duplicated(["product_id", "day"]).any()
    assert stock["received_at"].is_monotonic_increasing


def test_a_morning_is_yesterdays_stock_less_its_sales_or_a_delivery(
    layer: DigitalLayer, stock: pd.DataFrame, shop_frames: dict[str, pd.DataFrame]
) -> None:
    lines = shop_frames["transactions"].assign(product_id=lambda rows: rows["product_id"].astype(str))
    lines["day"] = lines["transaction_timestamp"].dt.day_of_year - 1
    sold = lines.pivot_table(index="day", columns="product_id", values="quantity", aggfunc="sum", fill_value=0)
    on_hand = stock.pivot(index="day", columns="product_id", values="quantity")
    sold = sold.reindex(index=on_hand.index, columns=on_hand.columns, fill_value=0)
    left = (on_hand - sold).clip(lower=0).iloc[:-1].to_numpy()
    tomorrow = on_hand.iloc[1:].to_numpy()
    delivered = tomorrow != left
    assert (tomorrow[delivered] == np.broadcast_to(on_hand.iloc[0].to_numpy(), left.shape)[delivered]).all()
    assert 0.01 < delivered.mean() < 0.5
    assert (on_hand.to_numpy() >= 0).all()


def test_later_sales_change_no_earlier_morning(layer: DigitalLayer, stock: pd.DataFrame) -> None:
    orders, cut = layer.orders, SIZING_DAYS + 60
    quantity = np.where(orders.line_seconds >= cut * 86_400, 9.0, orders.line_quantity)
    changed = stock_table(dataclasses.replace(orders, line_quantity=quantity), layer.prices, 11).to_pandas()
    before = stock["day"] <= cut
    assert (changed.loc[before, "quantity"] == stock.loc[before, "quantity"]).all()
    assert (changed["quantity"] != stock["quantity"]).any()


def test_best_sellers_are_ordered_by_lines(layer: DigitalLayer) -> None:
    lines = np.bincount(layer.orders.line_product, minlength=len(layer.orders.product_ids))
    best = best_sellers(layer.orders, layer.prices)
    assert (np.diff(lines[best]) <= 0).all()
    others = np.setdiff1d(layer.prices.priced, best)
    assert lines[others].max() <= lines[best].min()
