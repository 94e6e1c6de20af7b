"""Who bought what, as sparse matrices over one set of customers and one of products."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from ml.recommend.bought import Bought
from ml.recommend.ranking import places_of

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int64]
MOST_PRODUCTS: Final = 2_000
# Below these a product is known by too few to recommend it.
LEAST_BUYERS: Final = 3
# Customers x products at a time, as dense numbers: 8 MB, which a processor holds near; 64 took twice the time.
CHUNK_CELLS: Final = 1_000_000


@dataclass(frozen=True)
class Purchases:
    """Purchases up to a moment.

    Attributes:
        customers, products: ids in order of rows and columns; products are those that may be recommended.
        fresh: orders of each product, halved every 120 days, customers x products.
        habit: all orders of a product, halved every 90 days since the last, customers x products.
        popularity: customers who bought each product within 30 days, as a share of all of them.
        attributes: category and other attributes of each product, "" where unknown; one row a product.
    """

    customers: npt.NDArray[np.object_]
    products: npt.NDArray[np.object_]
    fresh: Any
    habit: Any
    popularity: Floats
    attributes: pd.DataFrame

    @cached_property
    def owned(self) -> Any:
        """1 where a customer ever bought the product, customers x products."""
        found = self.fresh.copy()
        found.data = np.ones_like(found.data)
        return found

    def chunks(self, rows: Labels | None = None) -> list[Labels]:
        """Row numbers (of everybody, or those given) in parts that fit into memory as dense matrices."""
        size = max(1, CHUNK_CELLS // max(len(self.products), 1))
        rows = np.arange(len(self.customers)) if rows is None else rows
        return [rows[start : start + size] for start in range(0, len(rows), size)]


def purchases(
    bought: Bought,
    sold: pd.DataFrame,
    catalogue: pd.DataFrame,
    *,
    blocked: frozenset[str] = frozenset(),
    most: int = MOST_PRODUCTS,
) -> Purchases:
    """Put purchases into matrices.

    Args:
        bought: what everybody bought.
        sold: product_id, buyers (30 days), buyers_quarter (91 days).
        catalogue: product_id, category and other attributes; may be empty.
        blocked: products that must not be recommended: taken from sale, out of stock.
        most: products with the most buyers of the quarter, at most so many.
    """
    rows = sold.loc[(sold["buyers_quarter"] >= LEAST_BUYERS) & ~sold["product_id"].isin(blocked)]
    rows = rows.sort_values(["buyers_quarter", "product_id"], ascending=[False, True]).head(most)
    products = np.sort(rows["product_id"].astype(str).to_numpy(dtype=object))
    customers = bought.customers
    column = places_of(bought.products, products)[bought.product]
    known = column >= 0
    starts = np.concatenate([[0], np.cumsum(np.bincount(bought.customer[known], minlength=len(customers)))])
    shape = (len(customers), len(products))
    fresh, habit = (
        sp.csr_matrix((np.maximum(values[known], 1e-9), column[known], starts), shape=shape)
        for values in (bought.fresh, bought.habit)
    )
    buyers = rows.set_index("product_id")["buyers"].reindex(products).fillna(0).to_numpy(dtype=np.float64)
    attributes = catalogue.drop_duplicates("product_id").set_index("product_id").reindex(products)
    return Purchases(
        customers, products, fresh, habit, buyers / max(len(customers), 1), attributes.fillna("").astype(str)
    )


def positions(ids: npt.NDArray[np.object_], values: pd.Series) -> Labels:
    """Place of each value among the sorted ids; every value must be there. Each distinct value is looked up once."""
    codes, distinct = pd.factorize(values)
    return np.asarray(pd.Index(ids).get_indexer(pd.Index(distinct.astype(str), dtype=object)), dtype=np.int64)[codes]
