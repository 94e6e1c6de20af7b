"""Units on hand each morning for the best-selling products, moved by their real sales."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from simulation.arrays import DAY_US, F64, HOUR_US, I64, SECOND_US, timestamps
from simulation.orders import Orders
from simulation.prices import PriceList
from simulation.randomness import opaque, stream

STOCKED_PRODUCTS = 200
# Shelves are sized from the first four weeks, so that later stock tells of earlier sales only.
SIZING_DAYS = 28
_PEOPLE_PER_PRODUCT = 5
# A quarter of the low stocks waits one more day for its delivery, which is what makes shelves run empty.
_DELIVERY_RATE = 0.75


def stock_table(orders: Orders, prices: PriceList, seed: int) -> pa.Table:
    """One row a product and day at 10:00 UTC, known five minutes later; only sales of earlier days count."""
    product = best_sellers(orders, prices)
    on_hand = _morning_stock(_sold_by_day(orders, product), stream(seed, "stock"))
    day, column = np.divmod(np.arange(on_hand.size, dtype=np.int64), len(product))
    at = orders.start_us + day * DAY_US + 10 * HOUR_US
    return pa.table(
        {
            "event_id": opaque(seed, "stock", np.arange(on_hand.size), "st-"),
            "occurred_at": timestamps(at),
            "received_at": timestamps(at + 300 * SECOND_US),
            "product_id": pa.array(orders.product_ids[product[column]]).cast(pa.string()),
            "quantity": pa.array(on_hand.ravel()),
            "is_simulated": pa.array(np.ones(on_hand.size, dtype=np.bool_)),
        }
    )


def best_sellers(orders: Orders, prices: PriceList) -> I64:
    """The priced products with most lines, most first: 200, or one per five people in a smaller shop."""
    lines = np.bincount(orders.line_product, minlength=len(orders.product_ids))
    priced = prices.priced
    return priced[
        np.argsort(-lines[priced], kind="stable")[: min(STOCKED_PRODUCTS, orders.people // _PEOPLE_PER_PRODUCT + 1)]
    ]


def _sold_by_day(orders: Orders, product: I64) -> F64:
    column = np.full(len(orders.product_ids), -1, dtype=np.int64)
    column[product] = np.arange(len(product))
    mine = column[orders.line_product] >= 0
    cell = orders.line_seconds[mine] // 86_400 * len(product) + column[orders.line_product[mine]]
    sold = np.bincount(cell, orders.line_quantity[mine], orders.days * len(product)).astype(np.float64)
    by_day: F64 = sold.reshape(orders.days, len(product))
    return by_day


def _morning_stock(sold: F64, rng: np.random.Generator) -> I64:
    full = np.ceil(sold[:SIZING_DAYS].mean(axis=0) * 9) + rng.integers(4, 12, sold.shape[1])
    level, mornings = full.copy(), np.empty(sold.shape, dtype=np.int64)
    for day in range(len(sold)):
        mornings[day] = level
        level = np.maximum(level - sold[day], 0.0)
        delivered = (level < 0.35 * full) & (rng.random(len(level)) < _DELIVERY_RATE)
        level = np.where(delivered, full, level)
    return mornings
