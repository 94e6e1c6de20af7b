"""Purchases as they were known at a moment, and what followed, for lists and for judging them."""

from __future__ import annotations

from datetime import date
from typing import Final

import duckdb
import pandas as pd

from ml.recommend import Period, Purchases, purchases

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
CADENCE: Final = """
    with days as (
        select distinct customer_id, product_id, category, event_date from purchase_day
        where event_date < $at and event_date >= $at - 365 and received_date < $at
    ),
    gaps as (
        select customer_id, product_id, category,
            date_diff('day', lag(event_date) over days_of_one, event_date) as gap_days
        from days window days_of_one as (partition by customer_id, product_id order by event_date)
    )
    select category, cast(median(gap_days) as double) as gap_days,
        count(distinct case when gap_days is not null then customer_id || ' ' || product_id end) * 1.0
            / count(distinct customer_id || ' ' || product_id) as repeat_share
    from gaps group by category order by category
"""
BOUGHT: Final = """
    select customer_id, product_id, max(category) as category, count(*) as n_orders,
        cast(max(event_date) as timestamp) as last_ordered_at,
        round(sum(pow(2, -date_diff('day', event_date, $at) / 120.0)), 9) as fresh,
        round(count(*) * pow(2, -date_diff('day', max(event_date), $at) / 90.0), 9) as habit
    from (
        select distinct customer_id, product_id, category, event_date from purchase_day
        where event_date < $at and event_date >= $at - 365 and received_date < $at
    ) as days
    group by customer_id, product_id order by customer_id, product_id
"""
SOLD: Final = """
    select product_id, count(distinct case when event_date >= $at - 30 then customer_id end) as buyers,
        count(distinct customer_id) as buyers_quarter
    from purchase_day where event_date < $at and event_date >= $at - 91 and received_date < $at
    group by product_id order by product_id
"""
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
    kept = 1_000_000 if customers <= most else most * 1_000_000 // customers
    connection.execute(f"{HOLD} where hash(customer_id) % 1000000 < {kept}").fetchall()


def known_at(connection: duckdb.DuckDBPyConnection, at: date, blocked: frozenset[str], most: int) -> Purchases:
    """Matrices of everything bought before a day."""
    bought = connection.execute(BOUGHT, {"at": at}).df()
    sold = connection.execute(SOLD, {"at": at}).df()
    catalogue: pd.DataFrame = connection.execute(CATALOGUE).df()
    columns = ["product_id", "category", "product_type", "brand"]
    return purchases(bought, sold, catalogue[columns], blocked=blocked, most=most)


def period_at(connection: duckdb.DuckDBPyConnection, at: date) -> Period:
    """What was known at a day, and the purchases of the month from it."""
    known = known_at(connection, at, frozenset(), MOST_JUDGED)
    return Period(known, connection.execute(LATER, {"at": at, "days": MONTH}).df())
