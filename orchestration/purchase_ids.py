"""Customers and products of a year's purchases by number: texts are compared once, and sorted by neither."""

from __future__ import annotations

from datetime import date
from typing import Any, Final, NamedTuple

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

MILLION: Final = 1_000_000
SEEN: Final = "event_date < $at and event_date >= $at - 365 and received_date < $at"
CUSTOMERS: Final = f"""
    create or replace temp table known_customer as
    select customer_id, cast(row_number() over (order by customer_id) - 1 as integer) as place
    from (select distinct customer_id from purchase_day where {SEEN}) as customers
"""
ITEMS: Final = f"""
    create or replace temp table known_item as
    select product_id, category, cast(row_number() over (order by product_id, category) - 1 as integer) as place
    from (select distinct product_id, category from purchase_day where {SEEN}) as items
"""
NUMBERED: Final = f"""
    select customers.place as customer, items.place as item,
        cast(date_diff('day', days.event_date, $at) as smallint) as days_ago{{more}}
    from purchase_day as days
    inner join known_customer as customers on days.customer_id = customers.customer_id
    inner join known_item as items on days.product_id = items.product_id and days.category = items.category
    where {SEEN}
"""


def some_customers(customers: int, most: int) -> str:
    """SQL for about `most` customers of so many, the same ones everywhere; for all where there are fewer."""
    kept = MILLION if customers <= most else most * MILLION // customers
    return f"hash(customer_id) % {MILLION} < {kept}"


class Numbered(NamedTuple):
    """A year of purchases.

    Attributes:
        customers: ids, sorted.
        items: product_id and category, sorted by both, one row a pair.
        found: customer and item (places among these), days_ago (1 to 365) and the measures asked for, in any order.
    """

    customers: npt.NDArray[np.object_]
    items: pd.DataFrame
    found: dict[str, npt.NDArray[Any]]


def year_before(connection: duckdb.DuckDBPyConnection, at: date, more: str = "") -> Numbered:
    """Rows of the temp table `purchase_day` of the year before a day, as known then.

    Args:
        more: measures as SQL, each after a comma.
    """
    for table in (CUSTOMERS, ITEMS):
        connection.execute(table, {"at": at}).fetchall()
    customers = connection.execute("select customer_id from known_customer order by place").fetchnumpy()
    items: pd.DataFrame = connection.execute("select product_id, category from known_item order by place").df()
    found = connection.execute(NUMBERED.format(more=more), {"at": at}).fetchnumpy()
    return Numbered(np.asarray(customers["customer_id"], dtype=object), items, found)
