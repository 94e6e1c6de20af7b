"""What sells at the moment: the fallback, and the bar that other lists must clear."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from ml.recommend.ranking import COLUMNS, TOP, as_counts, recently_bought

# Somebody who owns all ten best sellers is still owed ten: look this much further down the list.
RESERVE = 30
OWNED_DAYS = 30.0


def popular(
    popularity: pd.DataFrame,
    customers: Sequence[str],
    customer_product: pd.DataFrame,
    as_of: datetime,
    *,
    owned_days: float | pd.Series = OWNED_DAYS,
    top: int = TOP,
) -> pd.DataFrame:
    """The best sellers of the last 30 days, for each customer without what they bought within `owned_days`.

    Args:
        popularity: product_id, n_orders (last 30 days).
        customers: who gets a list.
        customer_product: customer_id, product_id, last_ordered_at.
        as_of: scoring instant.
        owned_days: what was bought within so many days is left out; one number, or one a row of customer_product.
        top: longest list.

    Returns:
        customer_id, task `popular`, rank, product_id, score (orders), reason.
    """
    sellers = popularity[["product_id"]].assign(score=as_counts(popularity["n_orders"]))
    sellers = sellers.sort_values(["score", "product_id"], ascending=[False, True]).head(top + RESERVE)
    if sellers.empty or not len(customers):
        return pd.DataFrame(columns=list(COLUMNS))
    people, products = pd.Index(customers), pd.Index(sellers["product_id"])
    recent = recently_bought(customer_product, as_of, owned_days)
    row, column = (
        people.get_indexer(pd.Index(recent["customer_id"])),
        products.get_indexer(pd.Index(recent["product_id"])),
    )
    known = (row >= 0) & (column >= 0)
    offered = np.ones((len(people), len(products)), dtype=np.bool_)
    offered[row[known], column[known]] = False
    offered &= sellers["score"].to_numpy() > 0
    place = np.cumsum(offered, axis=1)
    who, what = np.nonzero(offered & (place <= top))
    reason = np.array([f"{int(orders)} orders in 30 days" for orders in sellers["score"]], dtype=object)
    columns = {"customer_id": people[who], "task": "popular", "rank": place[who, what], "product_id": products[what]}
    listed = pd.DataFrame({**columns, "score": sellers["score"].to_numpy()[what], "reason": reason[what]})
    return listed.sort_values("customer_id", kind="stable", ignore_index=True)[list(COLUMNS)]
