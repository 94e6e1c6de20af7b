"""Frames for the models of what a customer buys next, read at one moment or at every planned cut-off."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import duckdb
import pandas as pd

from ml.outlook import CategoryHistory
from ml.outlook.lines import Lines, categories_bought, year_of_lines
from ml.outlook.prices_paid import prices_paid
from ml.segments import SegmentModel
from orchestration.outlook import facts
from orchestration.purchase_ids import some_customers, year_before
from orchestration.warehouse import Warehouse

# Figures of rates and shares settle long before that; more customers cost time and change the fourth digit.
MOST_CUSTOMERS = 20_000
SOURCES = {
    "order_day": "intermediate.int_customer_order_daily",
    "purchase_day": "intermediate.int_customer_purchase_daily",
}
LATER = ("later_lines", "later_cut_lines", "previous_lines", "previous_cut_lines")


@dataclass(frozen=True)
class Outlook:
    """Facts by customer and cut-off for the three models; labels are null or empty when scoring."""

    order_days: pd.DataFrame
    categories: CategoryHistory
    prices: pd.DataFrame


def outlook_at(warehouse: Warehouse, as_of: datetime, segments: pd.DataFrame, horizon_days: int) -> Outlook:
    """What is known now of everybody, without labels.

    Args:
        segments: customer_id and segment of whom to score (segment null: none).
    """
    with warehouse.connect() as connection:
        _hold(connection, None)
        return _joined(connection, pd.Timestamp(as_of), segments, horizon_days, labelled=False, priced=True)


def outlook_history(
    warehouse: Warehouse, moments: Mapping[pd.Timestamp, pd.DataFrame], horizon_days: int, *, prices: bool
) -> Outlook:
    """What was known at each cut-off, and what followed; a sample of customers where there are very many.

    Args:
        moments: by cut-off the segments of then: customer_id, segment.
        prices: whether prices are asked about, which costs more than all the rest.
    """
    with warehouse.connect() as connection:
        _hold(connection, MOST_CUSTOMERS)
        parts = [
            _joined(connection, at, segments, horizon_days, labelled=True, priced=prices)
            for at, segments in moments.items()
        ]
    return Outlook(
        pd.concat([part.order_days for part in parts], ignore_index=True),
        CategoryHistory(
            pd.concat([part.categories.customers for part in parts], ignore_index=True),
            pd.concat([part.categories.bought for part in parts], ignore_index=True),
            pd.concat([part.categories.later for part in parts], ignore_index=True),
        ),
        pd.concat([part.prices for part in parts], ignore_index=True),
    )


def _hold(connection: duckdb.DuckDBPyConnection, most: int | None) -> None:
    """Read the views once: five questions at six cut-offs would look up every identity thirty times."""
    kept = "true" if most is None else _some_of(connection, most)
    for name, view in SOURCES.items():
        connection.execute(f"create temp table {name} as select * from {view} where {kept}").fetchall()


def some_buyers(warehouse: Warehouse) -> str:
    """Which customers `outlook_history` reads, as SQL: segments of others need not be known."""
    with warehouse.connect() as connection:
        return _some_of(connection, MOST_CUSTOMERS)


def _some_of(connection: duckdb.DuckDBPyConnection, most: int) -> str:
    found = connection.execute(f"select count(distinct customer_id) from {SOURCES['order_day']}").fetchone()
    customers = int(found[0]) if found else 0
    return some_customers(customers, most)


def _joined(
    connection: duckdb.DuckDBPyConnection,
    at: pd.Timestamp,
    segments: pd.DataFrame,
    horizon_days: int,
    *,
    labelled: bool,
    priced: bool,
) -> Outlook:
    def ask(sql: str) -> pd.DataFrame:
        given: dict[str, object] = {"at": at.date()}
        if "$horizon" in sql:
            given["horizon"] = horizon_days
        found: pd.DataFrame = connection.execute(sql, given).df()
        return found.assign(as_of=pd.Timestamp(at.date()))

    days = ask(facts.ORDER_DAYS)
    # Before the first purchase there is nothing to learn from; when scoring everybody gets an answer.
    people = days[["customer_id", "as_of"]] if labelled else segments[["customer_id"]].assign(as_of=days_as_of(at))
    people = people.merge(segments[["customer_id", "segment"]], on="customer_id", how="left")
    with_segment = people[["customer_id", "segment"]]
    later = (
        ask(facts.LATER_CATEGORIES) if labelled else _empty("customer_id", "as_of", "category", "first_day", "amount")
    )
    lines = _lines(connection, at.date())
    bought = categories_bought(lines, people["customer_id"]).assign(as_of=days_as_of(at))
    prices = _prices(ask, lines, people, labelled=labelled) if priced else people
    return Outlook(
        days.merge(with_segment, on="customer_id", how="inner"),
        CategoryHistory(people, bought, later),
        prices.reset_index(drop=True),
    )


def _lines(connection: duckdb.DuckDBPyConnection, at: date) -> Lines:
    customers, items, found = year_before(connection, at, facts.LINES)
    return year_of_lines(customers, items, found, at)


def _prices(ask: Callable[[str], pd.DataFrame], lines: Lines, people: pd.DataFrame, *, labelled: bool) -> pd.DataFrame:
    prices = people.merge(prices_paid(lines), on="customer_id", how="left")
    if not labelled:
        return prices
    prices = prices.merge(ask(facts.LATER_PRICES).drop(columns="as_of"), on="customer_id", how="left")
    prices = prices.assign(**{name: prices[name].fillna(0.0) for name in LATER})
    known: pd.DataFrame = prices.loc[prices["n_lines"].notna()]
    return known


def days_as_of(at: pd.Timestamp) -> pd.Timestamp:
    """The midnight that facts are cut at."""
    return pd.Timestamp(at.date())


def _empty(*columns: str) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=object) for name in columns}).assign(
        as_of=pd.Series(dtype="datetime64[us]")
    )


def segments_then(
    model: SegmentModel | None, frame: pd.DataFrame, cutoffs: Sequence[pd.Timestamp]
) -> dict[pd.Timestamp, pd.DataFrame]:
    """By cut-off the segment of every customer with an order, from their features of then; none without a model."""
    empty = pd.DataFrame({"customer_id": pd.Series(dtype=object), "segment": pd.Series(dtype="Int64")})
    if model is None or frame.empty:
        return dict.fromkeys(cutoffs, empty)
    buyers = frame.loc[frame["orders_lifetime"] > 0].reset_index(drop=True)
    assigned = buyers[["customer_id", "as_of"]].assign(
        segment=model.assign(buyers)["segment_id"].to_numpy() if len(buyers) else []
    )
    moment = pd.to_datetime(assigned["as_of"])
    return {at: assigned.loc[moment == at, ["customer_id", "segment"]].reset_index(drop=True) for at in cutoffs}
