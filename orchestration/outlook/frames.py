"""Frames for the models of what a customer buys next, read at one moment or at every planned cut-off."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pandas as pd

from ml.outlook import CategoryHistory
from ml.segments import SegmentModel
from orchestration.outlook import facts
from orchestration.warehouse import Warehouse

# Figures of rates and shares settle long before that; more customers cost time and change the fourth digit.
MOST_CUSTOMERS = 20_000
# What half a million customers bought by category took 10 GB at once.
CUSTOMERS_AT_A_TIME = 50_000
SOME_PRICES = "select * from some_prices order by customer_id"
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


def outlook_parts(
    warehouse: Warehouse, as_of: datetime, segments: pd.DataFrame, at_a_time: int = CUSTOMERS_AT_A_TIME
) -> Iterator[tuple[pd.DataFrame, Outlook]]:
    """Some of the customers, and what is known of them now, without labels; part after part until all had their turn.

    Args:
        segments: customer_id and segment of whom to score (segment null: none), in order of customer_id.
        at_a_time: so many rows of `segments` make a part.
    """
    at = pd.Timestamp(as_of)
    with warehouse.connect() as connection:
        _hold(connection, None)
        # What others paid is asked of everybody once; all else about a customer is in their own rows.
        connection.execute(f"create temp table known_prices as {facts.PRICES}", {"at": at.date()}).fetchall()
        for name in SOURCES:
            connection.execute(f"alter table {name} rename to every_{name}").fetchall()
        parts = {"known_prices": "some_prices", **{f"every_{name}": name for name in SOURCES}}
        for start in range(0, len(segments), at_a_time):
            some = segments.iloc[start : start + at_a_time]
            ends = [some["customer_id"].iloc[0], some["customer_id"].iloc[-1]]
            for whole, part in parts.items():
                connection.execute(
                    f"create or replace temp table {part} as from {whole} where customer_id between ? and ?", ends
                ).fetchall()
            yield some, _joined(connection, at, some, 1, labelled=False, prices=SOME_PRICES)


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
            _joined(connection, at, segments, horizon_days, labelled=True, prices=facts.PRICES if prices else None)
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
    kept = 1_000_000 if customers <= most else most * 1_000_000 // customers
    return f"hash(customer_id) % 1000000 < {kept}"


def _joined(
    connection: duckdb.DuckDBPyConnection,
    at: pd.Timestamp,
    segments: pd.DataFrame,
    horizon_days: int,
    *,
    labelled: bool,
    prices: str | None,
) -> Outlook:
    def ask(sql: str) -> pd.DataFrame:
        given: dict[str, object] = {"at": at.date()} if "$at" in sql else {}
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
    bought = ask(facts.CATEGORIES)
    paid = people if prices is None else _prices(ask, prices, people, labelled=labelled)
    return Outlook(
        days.merge(with_segment, on="customer_id", how="inner"),
        CategoryHistory(people, bought.loc[bought["customer_id"].isin(people["customer_id"])], later),
        paid.reset_index(drop=True),
    )


def _prices(ask: Callable[[str], pd.DataFrame], sql: str, people: pd.DataFrame, *, labelled: bool) -> pd.DataFrame:
    prices = people.merge(ask(sql).drop(columns="as_of"), on="customer_id", how="left")
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
