"""A small shop's products, in Complete Journey's columns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from simulation.arrays import F64, I64
from simulation.randomness import stream


class Department(NamedTuple):
    """A department: its share of the products, its median price per piece, and the categories in it."""

    name: str
    share: float
    price: float
    categories: tuple[str, ...]


DEPARTMENTS = (
    Department("GROCERY", 0.44, 2.6, ("SOFT DRINKS", "FLUID MILK PRODUCTS", "CHEESE", "BAG SNACKS", "SOUP", "COFFEE")),
    Department("DRUG GM", 0.16, 4.8, ("VITAMINS", "SOAP", "CANDY", "HOSIERY/SOCKS", "GREETING CARDS")),
    Department("PRODUCE", 0.12, 1.9, ("BERRIES", "TROPICAL FRUIT", "POTATOES", "SALAD MIX")),
    Department("MEAT", 0.08, 6.5, ("BEEF", "CHICKEN", "PORK")),
    Department("DELI", 0.06, 4.6, ("DELI MEATS", "CHEESES", "SALADS")),
    Department("PASTRY", 0.05, 3.2, ("BREAD", "ROLLS", "CAKES")),
    Department("COSMETICS", 0.04, 6.9, ("MAKEUP AND TREATMENT", "HAIR CARE")),
    Department("NUTRITION", 0.03, 3.4, ("CEREAL", "TEA")),
    Department("FLORAL", 0.02, 8.5, ("CUT FLOWERS", "PLANTS")),
)
FUEL_PRODUCT_ID = 6_534_178
FUEL_PRICE_PER_ML = 0.00068


class Catalogue(NamedTuple):
    """`frame` has Complete Journey's columns; the arrays hold one entry a row of it."""

    frame: pd.DataFrame
    department: I64
    base_price: F64
    appeal: F64


def draw_catalogue(customers: int, seed: int) -> Catalogue:
    """300 to 1,500 products, more for more customers, plus fuel (sold in millilitres) as the last row.

    `appeal` is Zipf-like within the whole catalogue; fuel has none and is drawn apart.
    """
    rng, count = stream(seed, "catalogue"), 300 + min(1_200, customers // 4)
    shares = np.array([item.share for item in DEPARTMENTS])
    department = np.sort(rng.choice(len(DEPARTMENTS), count, p=shares / shares.sum())).astype(np.int64)
    kinds = [DEPARTMENTS[one].categories for one in department.tolist()]
    category = [kind[pick % len(kind)] for kind, pick in zip(kinds, rng.integers(60, size=count).tolist(), strict=True)]
    price = np.array([DEPARTMENTS[one].price for one in department.tolist()]) * rng.lognormal(0.0, 0.45, count)
    frame = pd.DataFrame(
        {
            "product_id": 800_000 + np.cumsum(rng.integers(3, 900, count)),
            "manufacturer_id": rng.integers(1, 400, count),
            "department": [DEPARTMENTS[one].name for one in department.tolist()],
            "brand": np.where(rng.random(count) < 0.8, "National", "Private"),
            "product_category": category,
            "product_type": [f"{name} TYPE {number % 7}" for number, name in enumerate(category)],
            "package_size": np.array(["12 OZ", None], dtype=object)[(rng.random(count) < 0.3).astype(np.int64)],
        }
    )
    frame.loc[count] = [FUEL_PRODUCT_ID, 69, "FUEL", "Private", "COUPON/MISC ITEMS", "GASOLINE-REG UNLEADED", None]
    appeal = rng.permutation(1.0 / np.arange(2, count + 2) ** 0.8)
    return Catalogue(
        frame, np.r_[department, -1], np.r_[np.round(np.maximum(price, 0.39), 2), FUEL_PRICE_PER_ML], np.r_[appeal, 0.0]
    )
