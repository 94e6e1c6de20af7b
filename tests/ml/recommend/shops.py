"""A made-up shop with two kinds of taste."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ml.recommend import Period, purchases

PRODUCTS = 40


def month(customers: int = 240, seed: int = 8, taste: float = 0.9) -> Period:
    """Even products are tea, odd ones tools; each customer buys of one kind in `taste` of the cases."""
    random = np.random.default_rng(seed)
    rows: list[tuple[str, str, float]] = []
    later: list[tuple[str, str]] = []
    for number in range(customers):
        for turn in range(14):
            kind = number % 2 if random.random() < taste else random.integers(2)
            product = f"p{2 * random.integers(PRODUCTS // 2) + kind:02d}"
            if turn < 8:
                rows.append((f"c{number:03d}", product, 1.0))
            else:
                later.append((f"c{number:03d}", product))
    bought = pd.DataFrame(rows, columns=["customer_id", "product_id", "fresh"])
    bought = bought.groupby(["customer_id", "product_id"])["fresh"].sum().reset_index().assign(habit=1.0)
    counts = bought.groupby("product_id")["customer_id"].nunique()
    sold = pd.DataFrame({"product_id": counts.index, "buyers": counts.to_numpy(), "buyers_quarter": counts.to_numpy()})
    catalogue = pd.DataFrame({"product_id": [f"p{i:02d}" for i in range(PRODUCTS)]})
    catalogue = catalogue.assign(category=["tea" if i % 2 == 0 else "tools" for i in range(PRODUCTS)], product_type="")
    return Period(purchases(bought, sold, catalogue), pd.DataFrame(later, columns=["customer_id", "product_id"]))
