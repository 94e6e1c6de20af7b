"""Made-up shops, and lists as plain rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ml.recommend import Listed, Period, purchases
from ml.recommend.bought import Bought, Days, bought, days_bought, sold

PRODUCTS = 40


def days(purchases: Sequence[tuple[str, str, str, int]]) -> Days:
    """Rows of (customer, product, category, days ago)."""
    frame = pd.DataFrame(purchases, columns=["customer_id", "product_id", "category", "ago"])
    customers = np.array(sorted(set(frame["customer_id"])), dtype=object)
    items = frame[["product_id", "category"]].drop_duplicates().sort_values(["product_id", "category"])
    keys = pd.MultiIndex.from_frame(items)
    item = keys.get_indexer(pd.MultiIndex.from_frame(frame[["product_id", "category"]]))
    customer = pd.Index(customers).get_indexer(pd.Index(frame["customer_id"]))
    return days_bought(customers, items, customer, item, frame["ago"].to_numpy())


def rows(listed: Listed, customers: Sequence[str]) -> pd.DataFrame:
    """One row an entry: customer_id, rank, product_id, score, reason, is_explored."""
    return pd.DataFrame(
        {
            "customer_id": [customers[row] for row in listed.row],
            "rank": listed.rank,
            "product_id": listed.products[listed.product],
            "score": listed.score,
            "reason": listed.reasons[listed.reason],
            "is_explored": listed.is_explored,
        }
    )


def random_shop(seed: int, customers: int = 12, products: int = 25) -> list[tuple[str, str, str, int]]:
    """Purchases of one product a category in three, by few enough people that ages and orders are often equal."""
    random = np.random.default_rng(seed)
    return [
        (f"c{who:02d}", f"p{what:02d}", f"k{what % 3}", int(ago))
        for who in range(customers)
        for what, ago in zip(random.integers(products, size=30), random.integers(1, 60, 30), strict=True)
    ]


def month(customers: int = 240, seed: int = 8, taste: float = 0.9) -> Period:
    """Even products are tea, odd ones tools; each customer buys of one kind in `taste` of the cases."""
    random = np.random.default_rng(seed)
    before: list[tuple[str, str, str, int]] = []
    later: list[tuple[str, str]] = []
    for number in range(customers):
        for turn in range(14):
            kind = number % 2 if random.random() < taste else int(random.integers(2))
            product = f"p{2 * random.integers(PRODUCTS // 2) + kind:02d}"
            if turn < 8:
                before.append((f"c{number:03d}", product, ("tea", "tools")[kind], turn + 1))
            else:
                later.append((f"c{number:03d}", product))
    shelf = bought(days(before))
    return Period(
        purchases(shelf, sold(shelf), catalogue()), pd.DataFrame(later, columns=["customer_id", "product_id"])
    )


def catalogue() -> pd.DataFrame:
    """Products of `month`."""
    products = [f"p{i:02d}" for i in range(PRODUCTS)]
    categories = ["tea" if i % 2 == 0 else "tools" for i in range(PRODUCTS)]
    return pd.DataFrame({"product_id": products, "category": categories, "product_type": ""})


def shelf_of(*lines: tuple[str, str, int, int]) -> Bought:
    """Rows of (customer, product, orders, days since the last one), the others a day apart before it."""
    return bought(days([(who, what, "x", ago + turn) for who, what, orders, ago in lines for turn in range(orders)]))
