"""What sells at the moment: the fallback, and the bar that other lists must clear."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ml.recommend.bought import Bought, Flags
from ml.recommend.ranking import TOP, Listed, as_counts, nothing, places_of

TASK = "popular"
# Somebody who owns all ten best sellers is still owed ten: look this much further down the list.
RESERVE = 30


def popular(popularity: pd.DataFrame, customers: int, shelf: Bought, owned: Flags, *, top: int = TOP) -> Listed:
    """The best sellers of the last 30 days, for each customer without what they have.

    Args:
        popularity: product_id, n_orders (last 30 days).
        customers: how many get a list.
        shelf: what they bought.
        owned: entries of `shelf` that are not suggested.
        top: longest list.
    """
    sellers = popularity[["product_id"]].assign(score=as_counts(popularity["n_orders"]))
    sellers = sellers.sort_values(["score", "product_id"], ascending=[False, True]).head(top + RESERVE)
    sellers = sellers.loc[sellers["score"] > 0]
    if sellers.empty or not customers:
        return nothing(TASK)
    products, score = sellers["product_id"].to_numpy(dtype=object), sellers["score"].to_numpy(dtype=np.float64)
    column = places_of(shelf.products, products)[shelf.product]
    held = owned & (column >= 0)
    offered = np.ones((customers, len(products)), dtype=np.bool_)
    offered[shelf.customer[held], column[held]] = False
    place = np.cumsum(offered, axis=1)
    row, what = np.nonzero(offered & (place <= top))
    rank = np.asarray(place[row, what], dtype=np.int64)
    counts, told = np.unique(score, return_inverse=True)
    reasons = np.array([f"{int(n)} {'order' if n == 1 else 'orders'} in 30 days" for n in counts], dtype=object)
    never = np.zeros(len(row), dtype=np.bool_)
    return Listed(TASK, row, rank, what, score[what], told[what], never, products, reasons)
