"""Real orders, indexed for drawing: who bought what and when, as sorted arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from simulation.arrays import DAY_US, F64, I64, SECOND_US, group_starts, to_us

TRANSACTION_COLUMNS = (
    "household_id",
    "basket_id",
    "product_id",
    "quantity",
    "sales_value",
    "retail_disc",
    "transaction_timestamp",
)
PRODUCT_COLUMNS = ("product_id", "department", "brand", "product_category")


@dataclass(frozen=True)
class Orders:
    """Lines sorted by household, time and basket. A person is the position of the household in `household_ids`.

    Times are microseconds UTC, amounts currency units, `line_seconds` seconds since `start_us`. Arrays ending in
    `_first` hold one extra entry, so that block i is `first[i]:first[i + 1]`.
    """

    household_ids: I64
    start_us: int
    end_us: int
    order_ids: I64
    order_person: I64
    order_at_us: I64
    order_amount: F64
    order_first: I64
    person_first: I64
    line_person: I64
    line_product: I64
    line_seconds: I64
    line_quantity: F64
    line_list_amount: F64
    line_discount: F64
    product_ids: I64
    product_department: I64
    product_is_national: I64
    product_topic: list[str]
    departments: list[str]

    @property
    def people(self) -> int:
        """Number of households."""
        return len(self.household_ids)

    @property
    def days(self) -> int:
        """Whole days covered; the layer ends at the midnight after the last day."""
        return (self.end_us - self.start_us) // DAY_US


def read_shop(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Transactions and products of a folder in Complete Journey's columns, only those the simulator draws on."""
    lines = pq.read_table(folder / "transactions.parquet", columns=list(TRANSACTION_COLUMNS)).to_pandas()
    return lines, pq.read_table(folder / "products.parquet", columns=list(PRODUCT_COLUMNS)).to_pandas()


def index_orders(transactions: pd.DataFrame, products: pd.DataFrame) -> Orders:
    """Sort and index the lines.

    The layer starts at the first order's midnight and ends at the first midnight after the last order.

    Raises:
        ValueError: a column is missing, or there is no line.
    """
    _require(transactions, TRANSACTION_COLUMNS, "transactions")
    _require(products, PRODUCT_COLUMNS, "products")
    if transactions.empty:
        raise ValueError("transactions: 0 rows; at least 1 is needed")
    raw_at = to_us(transactions["transaction_timestamp"])
    start_us, end_us = int(raw_at.min()) // DAY_US * DAY_US, (int(raw_at.max()) // DAY_US + 1) * DAY_US
    basket, raw_product = (transactions[name].to_numpy(np.int64) for name in ("basket_id", "product_id"))
    household_ids, raw_person = np.unique(transactions["household_id"].to_numpy(np.int64), return_inverse=True)
    by = np.lexsort((raw_product, basket, raw_at, raw_person))
    product_ids, line_product = np.unique(raw_product[by], return_inverse=True)
    at, person, basket = raw_at[by], raw_person[by].astype(np.int64), basket[by]
    first = np.flatnonzero(np.r_[True, basket[1:] != basket[:-1]]).astype(np.int64)
    sales, shelf_discount = (transactions[name].to_numpy(np.float64)[by] for name in ("sales_value", "retail_disc"))
    department, names, national, topic = _describe(products, product_ids)
    return Orders(
        household_ids=household_ids,
        start_us=start_us,
        end_us=end_us,
        order_ids=basket[first],
        order_person=person[first],
        order_at_us=at[first],
        order_amount=np.add.reduceat(sales, first),
        order_first=np.r_[first, len(basket)].astype(np.int64),
        person_first=group_starts(person, len(household_ids)),
        line_person=person,
        line_product=line_product.astype(np.int64),
        line_seconds=(at - start_us) // SECOND_US,
        line_quantity=transactions["quantity"].to_numpy(np.float64)[by],
        line_list_amount=sales + shelf_discount,
        line_discount=shelf_discount,
        product_ids=product_ids,
        product_department=department,
        product_is_national=national,
        product_topic=topic,
        departments=names,
    )


def _describe(products: pd.DataFrame, product_ids: I64) -> tuple[I64, list[str], I64, list[str]]:
    known = products.drop_duplicates("product_id").set_index("product_id").reindex(product_ids)
    codes, names = pd.factorize(known["department"].fillna("UNKNOWN"), sort=True)
    national = (known["brand"] == "National").to_numpy().astype(np.int64)
    topic = known["product_category"].fillna("groceries").str.lower().str.split("/").str[0]
    return codes.astype(np.int64), [str(name) for name in names], national, [str(word) for word in topic]


def _require(frame: pd.DataFrame, columns: Sequence[str], what: str) -> None:
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise ValueError(f"{what}: columns {missing} are missing; found {list(frame.columns)}")
