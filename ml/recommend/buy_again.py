"""Products a customer has bought before and will want again."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from ml.recommend.ranking import COLUMNS, TOP, as_counts, days_since, ranked

# December groceries from eleven months: NDCG@10 0.504 at 60 to 180 days, 0.497 at 30, 0.495 without forgetting.
HALF_LIFE_DAYS = 90.0
# One order is enough to come last in the list; asking for two cost 0.008 of NDCG@10 on the same month.
LEAST_ORDERS = 1


def buy_again(
    customer_product: pd.DataFrame,
    as_of: datetime,
    *,
    half_life_days: float = HALF_LIFE_DAYS,
    least_orders: int = LEAST_ORDERS,
    top: int = TOP,
    decayed: bool = False,
) -> pd.DataFrame:
    """Rank each customer's own products by orders, halved for every `half_life_days` since the last one.

    Args:
        customer_product: customer_id, product_id, n_orders, last_ordered_at; with `decayed` also fresh.
        decayed: by `fresh` instead, in which every order halves for itself.
        as_of: scoring instant.
        half_life_days: days after which a habit counts half.
        least_orders: orders from which a product is listed.
        top: longest list.

    Returns:
        customer_id, task `buy_again`, rank, product_id, score, reason.

    Raises:
        ValueError: `half_life_days` is not above 0.
    """
    if half_life_days <= 0:
        raise ValueError(f"half_life_days: {half_life_days}; it must be above 0")
    orders = as_counts(customer_product["n_orders"])
    habits = customer_product.loc[orders >= least_orders]
    if habits.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    times = orders.loc[habits.index]
    age = days_since(habits["last_ordered_at"], as_of)
    scored = pd.DataFrame(
        {
            "customer_id": habits["customer_id"],
            "product_id": habits["product_id"],
            "score": habits["fresh"] if decayed else times * np.exp2(-age / half_life_days),
            "reason": np.arange(len(habits)),
        }
    )
    listed = ranked(scored, "buy_again", top)
    place = listed["reason"].to_numpy(dtype=np.int64)
    facts = zip(times.to_numpy()[place].astype(int), age.fillna(0.0).to_numpy()[place].astype(int), strict=True)
    return listed.assign(reason=[_reason(n, days) for n, days in facts])


def _reason(orders: int, days: int) -> str:
    times = "once" if orders == 1 else f"{orders} times"
    return f"bought {times}, last {days} days ago"
