"""The small company's transactions, in Complete Journey's columns."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulation.arrays import DAY_US, F64, HOUR_US, I64, LOCAL_OFFSET_US
from simulation.company_catalogue import Catalogue
from simulation.company_households import Households
from simulation.randomness import stream

STORES = (330, 406, 319, 367, 31582)
FIRST_BASKET_ID = 31_000_000_000
FAVOURITES, FAVOURITE_SHARE = 14, 0.6
FUEL_SHARE, ZERO_SHARE, COUPON_SHARE = 0.01, 0.006, 0.02


def draw_transactions(
    households: Households, visits: I64, catalogue: Catalogue, start_us: int, seed: int
) -> pd.DataFrame:
    """A row a line, sorted by time; amounts in dollars and cents, timestamps UTC."""
    rng = stream(seed, "transactions")
    household, at = _orders(visits, start_us, rng)
    size = 1 + rng.poisson(households.basket_size[household])
    order = np.repeat(np.arange(len(at), dtype=np.int64), size)
    product = _products(household[order], households, catalogue, rng)
    # A basket names each product once, as in the real data.
    _, first = np.unique(order * len(catalogue.base_price) + product, return_index=True)
    order, product = order[first], product[first]
    quantity, amounts = _amounts(households.sensitivity[household[order]], product, catalogue, rng)
    return pd.DataFrame(
        {
            "household_id": household[order] + 1,
            "store_id": np.array(STORES)[(household[order] * 7 + order % 11 // 10) % len(STORES)],
            "basket_id": FIRST_BASKET_ID + order * 7,
            "product_id": catalogue.frame["product_id"].to_numpy(np.int64)[product],
            "quantity": quantity,
            **amounts,
            "week": (at[order] - start_us) // (7 * DAY_US) + 1,
            "transaction_timestamp": at[order].astype("datetime64[us]").astype("datetime64[ns]"),
        }
    )


def _orders(visits: I64, start_us: int, rng: np.random.Generator) -> tuple[I64, I64]:
    household, day = np.divmod(np.repeat(np.arange(visits.size), visits.ravel()), visits.shape[1])
    # Local shopping hours 8 to 19 stay within the UTC day.
    hour = 8.0 + 10.9 * rng.beta(2.2, 1.6, len(day))
    at = start_us + day * DAY_US + LOCAL_OFFSET_US + (hour * HOUR_US).astype(np.int64)
    by = np.lexsort((household, at))
    return household[by].astype(np.int64), at[by] // 1_000_000 * 1_000_000


def _products(household: I64, households: Households, catalogue: Catalogue, rng: np.random.Generator) -> I64:
    everyone = np.repeat(np.arange(len(households.taste), dtype=np.int64), FAVOURITES)
    favourites = _by_taste(everyone, households, catalogue, rng).reshape(-1, FAVOURITES)
    pick = np.minimum(rng.geometric(0.22, len(household)) - 1, FAVOURITES - 1)
    roll = rng.random(len(household))
    product = _by_taste(household, households, catalogue, rng)
    favourite = roll < FAVOURITE_SHARE
    product[favourite] = favourites[household, pick][favourite]
    product[roll > 1 - FUEL_SHARE] = len(catalogue.base_price) - 1
    return product


def _by_taste(household: I64, households: Households, catalogue: Catalogue, rng: np.random.Generator) -> I64:
    taste = np.cumsum(households.taste, axis=1)[household]
    department = (taste < rng.random(len(household))[:, None]).sum(axis=1).clip(0, households.taste.shape[1] - 1)
    weight = np.cumsum(catalogue.appeal[:-1])
    first = np.searchsorted(catalogue.department[:-1], np.arange(households.taste.shape[1] + 1))
    edge = np.r_[0.0, weight][first]
    aim = edge[department] + rng.random(len(household)) * (edge[department + 1] - edge[department])
    picked: I64 = np.searchsorted(weight, aim, side="right").astype(np.int64)
    return np.minimum(picked, len(weight) - 1)


def _amounts(
    sensitivity: F64, product: I64, catalogue: Catalogue, rng: np.random.Generator
) -> tuple[I64, dict[str, F64]]:
    count, fuel = len(product), product == len(catalogue.base_price) - 1
    quantity = np.where(fuel, rng.integers(8_000, 40_000, count), rng.choice((1, 2, 3), count, p=(0.8, 0.15, 0.05)))
    listed = np.round(catalogue.base_price[product] * quantity, 2)
    on_offer = rng.random(count) < 0.08 + 0.62 * sensitivity
    shelf = np.round(listed * np.where(on_offer, rng.uniform(0.08, 0.35, count), 0.0), 2)
    coupon = np.where(rng.random(count) < COUPON_SHARE * 2 * sensitivity, rng.choice((0.5, 0.75, 1.0), count), 0.0)
    sales = np.where(rng.random(count) < ZERO_SHARE, 0.0, np.round(listed - shelf, 2))
    return quantity.astype(np.int64), {
        "sales_value": sales,
        "retail_disc": shelf,
        "coupon_disc": np.minimum(coupon, sales),
        "coupon_match_disc": np.where(coupon == 1.0, np.minimum(0.45, sales), 0.0),
    }
