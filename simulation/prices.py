"""Prices of the best-selling products: list price from real sales, cost, floor and minimum advertised price drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from simulation.arrays import DAY_US, F64, I64, SECOND_US, numbers, timestamps
from simulation.orders import Orders
from simulation.randomness import opaque, stream

PRICED_PRODUCTS = 5_000
QUARTER_DAYS = 91
# Fuel is sold in millilitres and coupons are no goods: neither has a price per piece.
UNPRICED_DEPARTMENTS = ("FUEL", "COUPON", "UNKNOWN")
FLOOR_OVER_COST = 1.04
MAP_SHARE_OF_NATIONAL = 0.35
_DEFAULT_COST_SHARE = 0.70
COST_SHARES = {
    "GROCERY": 0.74, "DRUG GM": 0.62, "PRODUCE": 0.64, "MEAT": 0.76, "MEAT-PCKGD": 0.73, "DELI": 0.58,
    "PASTRY": 0.50, "NUTRITION": 0.68, "SEAFOOD": 0.75, "SEAFOOD-PCKGD": 0.72, "SALAD BAR": 0.45,
    "COSMETICS": 0.55, "FLORAL": 0.48, "SPIRITS": 0.76, "GARDEN CENTER": 0.57, "CHEF SHOPPE": 0.60,
}  # fmt: skip


@dataclass(frozen=True)
class PriceList:
    """List prices per piece by product and quarter (NaN where unpriced), and each product's constant cost share."""

    list_price: F64
    cost_share: F64
    map_share: F64

    @property
    def priced(self) -> I64:
        """The products that have a price."""
        return np.flatnonzero(~np.isnan(self.list_price[:, 0])).astype(np.int64)

    def at(self, orders: Orders, product: I64, at_us: I64) -> F64:
        """List price of each product at each time; NaN where there is none."""
        quarter = np.clip((at_us - orders.start_us) // (QUARTER_DAYS * DAY_US), 0, self.list_price.shape[1] - 1)
        return self.list_price[np.maximum(product, 0), quarter]


def draw_prices(orders: Orders, seed: int) -> PriceList:
    """Prices for the products with most lines.

    The list price of a quarter is the median list price per piece of the quarter before (of the first quarter with
    sales, until there is one before), so that a price never tells of sales to come. Costs are the department's share
    of the list price with 6 % noise; 35 % of the national brands have a minimum advertised price.
    """
    rng, count = stream(seed, "prices"), len(orders.product_ids)
    quarters = max(1, -(-orders.days // QUARTER_DAYS))
    observed = _medians(orders, quarters)
    lagged = np.column_stack([observed[:, :1], observed[:, :-1]])
    shown = pd.DataFrame(lagged).ffill(axis=1).bfill(axis=1).to_numpy(copy=True)
    shown[:, 0] = np.where(np.isnan(shown[:, 0]), pd.DataFrame(observed).bfill(axis=1).to_numpy()[:, 0], shown[:, 0])
    shown = pd.DataFrame(shown).ffill(axis=1).round(4).to_numpy(copy=True)
    lines = np.bincount(orders.line_product, minlength=count) * ~np.isnan(shown[:, 0])
    best = np.argsort(-lines, kind="stable")[:PRICED_PRODUCTS]
    kept = np.zeros(count, dtype=np.bool_)
    kept[best[lines[best] > 0]] = True
    shown[~kept] = np.nan
    shares = np.array([COST_SHARES.get(name, _DEFAULT_COST_SHARE) for name in orders.departments])
    cost_share = np.minimum(shares[orders.product_department] * rng.lognormal(0.0, 0.06, count), 0.92)
    has_map = (orders.product_is_national == 1) & (rng.random(count) < MAP_SHARE_OF_NATIONAL)
    map_share = np.where(has_map, np.maximum(rng.uniform(0.85, 0.97, count), cost_share), np.nan)
    return PriceList(shown, cost_share, map_share)


def price_table(prices: PriceList, orders: Orders, seed: int) -> pa.Table:
    """The price list's export: every price at the start, then a row per quarter in which it moved by over 1 %."""
    product, quarter = _changes(prices.list_price)
    listed = prices.list_price[product, quarter]
    # A quarter's list is loaded within its first hour, product by product.
    at = orders.start_us + quarter * QUARTER_DAYS * DAY_US + (product % 3_000) * SECOND_US
    by = np.lexsort((product, at))
    product, listed, at = product[by], listed[by], at[by]
    cost = np.round(listed * prices.cost_share[product], 4)
    advertised = prices.map_share[product]
    return pa.table(
        {
            "event_id": opaque(seed, "price", np.arange(len(at)), "pr-"),
            "occurred_at": timestamps(at),
            "received_at": timestamps(at + 30 * SECOND_US),
            "product_id": pa.array(orders.product_ids[product]).cast(pa.string()),
            "list_price": pa.array(listed),
            "cost": pa.array(cost),
            "floor_price": pa.array(np.round(cost * FLOOR_OVER_COST, 4)),
            "map_price": numbers(np.round(listed * np.nan_to_num(advertised), 4), ~np.isnan(advertised)),
            "is_simulated": pa.array(np.ones(len(at), dtype=np.bool_)),
        }
    )


def _medians(orders: Orders, quarters: int) -> F64:
    unpriced = np.isin(np.array(orders.departments), UNPRICED_DEPARTMENTS)
    sold = (orders.line_quantity > 0) & (orders.line_list_amount > 0.0) & (orders.line_quantity <= 50)
    sold &= ~unpriced[orders.product_department[orders.line_product]]
    quarter = np.minimum(orders.line_seconds[sold] // (QUARTER_DAYS * 86_400), quarters - 1)
    cell = orders.line_product[sold] * quarters + quarter
    price = orders.line_list_amount[sold] / orders.line_quantity[sold]
    by = np.lexsort((price, cell))
    cells, first, count = np.unique(cell[by], return_index=True, return_counts=True)
    table = np.full(len(orders.product_ids) * quarters, np.nan)
    table[cells] = np.round(price[by][first + count // 2], 4)
    return table.reshape(-1, quarters)


def _changes(listed: F64) -> tuple[I64, I64]:
    moved = np.ones(listed.shape, dtype=np.bool_)
    moved[:, 1:] = np.abs(listed[:, 1:] / listed[:, :-1] - 1.0) > 0.01
    product, quarter = np.nonzero(moved & ~np.isnan(listed))
    return product.astype(np.int64), quarter.astype(np.int64)
