"""A training frame of a made-up shop, where activity decides who stays and what is spent."""

from __future__ import annotations

import numpy as np
import pandas as pd

CUTOFFS = ("2017-03-07", "2017-04-04", "2017-07-04")
JUDGE = pd.Timestamp("2017-07-04", tz="UTC")
FEATURES = ("recency_days", "orders_91d", "spend_91d", "tenure_days", "constant", "mostly_unknown")
HORIZON = 91


def training_frame(customers: int = 300, seed: int = 3) -> pd.DataFrame:
    """Three cut-offs; the first two have ended their 91-day label window by the third."""
    random = np.random.default_rng(seed)
    joined = np.random.default_rng(seed + 1).integers(95, 400, customers)
    parts = []
    for cutoff in CUTOFFS:
        rate = random.gamma(1.0, 8.0, customers)
        basket = random.lognormal(3.0, 0.5, customers)
        orders, later = random.poisson(rate), random.poisson(rate)
        parts.append(
            pd.DataFrame(
                {
                    "customer_id": [f"c{index:05d}" for index in range(customers)],
                    "as_of": pd.Timestamp(cutoff, tz="UTC"),
                    "recency_days": np.minimum(random.exponential(91 / (rate + 0.3)), 91.0),
                    "orders_91d": orders,
                    "spend_91d": orders * basket * random.lognormal(0, 0.2, customers),
                    "orders_lifetime": orders + 1,
                    "spend_lifetime": (orders + 1) * basket,
                    "days_since_first_order": joined,
                    "tenure_days": random.integers(10, 400, customers),
                    "constant": 1.0,
                    "mostly_unknown": np.where(random.random(customers) < 0.9, np.nan, 1.0),
                    "churned": (later == 0).astype(int),
                    "spend_horizon_amount": later * basket * random.lognormal(0, 0.2, customers),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
