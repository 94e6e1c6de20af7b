"""Purchases as they were known at a moment, and what followed, for lists and for judging them."""

from __future__ import annotations

from datetime import date
from typing import Final

import duckdb
import pandas as pd

from ml.recommend import Period, Purchases, purchases
from ml.recommend.bought import Days, bought, days_bought, sold
from orchestration.purchase_ids import some_customers, year_before

ATTRIBUTES: Final = ["product_id", "category", "product_type", "brand"]
MONTH: Final = 30
# The most bought stand for all.
MOST_JUDGED: Final = 2_000
HOLD: Final = """
    create temp table purchase_day as
    select customer_id, product_id, category, event_date, received_date
    from intermediate.int_customer_purchase_daily
"""
# Which method ranks best settles with far fewer; each is fitted twice, and the slowest costs a minute for so many.
MOST_CUSTOMERS: Final = 50_000
LATER: Final = """
    select distinct customer_id, product_id from purchase_day
    where event_date >= $at and event_date < $at + $days and received_date < $at + $days
    order by customer_id, product_id
"""
CATALOGUE: Final = """
    select product_id, category, product_type, brand, stock_quantity, updated_at from marts.dim_product
    where coalesce(category, '') not in (select category from intermediate.int_sensitive_categories)
    order by product_id
"""


def hold_some(connection: duckdb.DuckDBPyConnection, most: int = MOST_CUSTOMERS) -> None:
    """The temp table `purchase_day` with about `most` customers at most, all days of each."""
    customers = int(connection.execute("select count(*) from marts.dim_customer").fetchall()[0][0])
    connection.execute(f"{HOLD} where {some_customers(customers, most)}").fetchall()


def days_at(connection: duckdb.DuckDBPyConnection, at: date) -> Days:
    """Everything bought in the year before a day, as known then. Expects the temp table `purchase_day`."""
    customers, items, found = year_before(connection, at)
    return days_bought(customers, items, found["customer"], found["item"], found["days_ago"])


def known_at(connection: duckdb.DuckDBPyConnection, at: date, blocked: frozenset[str], most: int) -> Purchases:
    """Matrices of everything bought before a day."""
    shelf = bought(days_at(connection, at))
    catalogue: pd.DataFrame = connection.execute(CATALOGUE).df()
    return purchases(shelf, sold(shelf), catalogue[ATTRIBUTES], blocked=blocked, most=most)


def period_at(connection: duckdb.DuckDBPyConnection, at: date) -> Period:
    """What was known at a day, and the purchases of the month from it."""
    known = known_at(connection, at, frozenset(), MOST_JUDGED)
    return Period(known, connection.execute(LATER, {"at": at, "days": MONTH}).df())
