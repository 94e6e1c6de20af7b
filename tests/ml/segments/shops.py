"""A shop with three planted kinds of customers."""

from __future__ import annotations

import numpy as np
import pandas as pd

COLUMNS = ("recency_days", "orders_91d", "spend_91d", "average_order_amount")


def shop(customers: int = 300, seed: int = 1) -> pd.DataFrame:
    """Equal thirds: frequent small baskets, fortnightly big baskets, and people who stopped coming."""
    random = np.random.default_rng(seed)
    kind = np.arange(customers) % 3
    orders = np.choose(kind, [26, 7, 1]) + random.poisson(1, customers)
    basket = np.choose(kind, [15.0, 80.0, 30.0]) * random.lognormal(0, 0.1, customers)
    return pd.DataFrame(
        {
            "customer_id": [f"c{index:04d}" for index in range(customers)],
            "recency_days": np.choose(kind, [2.0, 8.0, 70.0]) + random.random(customers),
            "orders_91d": orders,
            "spend_91d": orders * basket,
            "average_order_amount": basket,
            "kind": kind,
        }
    )
