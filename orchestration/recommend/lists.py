"""The lists of every customer, from what is known at a day and the methods that serve."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from typing import NamedTuple

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from intake.settings import RecommendationSettings
from ml.recommend import COLUMNS, Mix, bought_together_for, buy_again, popular, purchases
from ml.recommend.cadence import owned_days, worth_repeating
from ml.recommend.choice import FRESH
from ml.recommend.discover import discover
from ml.recommend.discovery import methods
from orchestration.recommend import facts

PAIRS_SQL = """
    select product_a, product_b, n_baskets, cast(support as double) as support,
        cast(confidence as double) as confidence, cast(lift as double) as lift
    from marts.product_pair order by product_a, product_b
"""
POPULAR_SQL = "select product_id, n_orders from marts.product_popularity order by product_id"
CUSTOMERS_SQL = """
    select people.customer_id from marts.dim_customer as people
    inner join marts.customer_consent as consent on people.customer_id = consent.customer_id
    where consent.is_profiled order by people.customer_id
"""
# Four lists of ten for so many take 100 MB.
CUSTOMERS_AT_A_TIME = 20_000
BOUGHT_BETWEEN_SQL = "select * from bought where customer_id between $first and $last order by customer_id, product_id"
# A product is new while the catalogue is: what nobody buys for a month is merely unpopular.
NEW_DAYS = 30
MOST_NEW = 500


def all_lists(
    connection: duckdb.DuckDBPyConnection, mix: Mix, settings: RecommendationSettings, at: date, seed: int
) -> pd.DataFrame:
    """Columns of `ml.recommendation` but as_of. Expects the temp table `purchase_day`."""
    parts = [part for part in list_parts(connection, mix, settings, at, seed) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*COLUMNS, "is_explored"])


def list_parts(
    connection: duckdb.DuckDBPyConnection, mix: Mix, settings: RecommendationSettings, at: date, seed: int
) -> Iterator[pd.DataFrame]:
    """The same, the lists of some thousand customers at a time."""
    connection.execute(f"create or replace temp table bought as {facts.BOUGHT}", {"at": at}).fetchall()
    customers = connection.execute(CUSTOMERS_SQL).df()["customer_id"].astype(str).to_numpy(dtype=object)
    shop = _shop(connection, settings, at)
    discovered = _discovery(connection, mix, settings, shop, at, seed)
    for start in range(0, len(customers), CUSTOMERS_AT_A_TIME):
        some = customers[start : start + CUSTOMERS_AT_A_TIME]
        mine = connection.execute(BOUGHT_BETWEEN_SQL, {"first": some[0], "last": some[-1]}).df()
        mine = mine.loc[mine["customer_id"].isin(some)].reset_index(drop=True)
        yield _lists(shop, mix, some, mine, discovered(some))


class _Shop(NamedTuple):
    """What all lists of a day share."""

    as_of: datetime
    catalogue: pd.DataFrame
    blocked: frozenset[str]
    cadence: pd.DataFrame
    pairs: pd.DataFrame
    sellers: pd.DataFrame


def _shop(connection: duckdb.DuckDBPyConnection, settings: RecommendationSettings, at: date) -> _Shop:
    catalogue: pd.DataFrame = connection.execute(facts.CATALOGUE).df()
    blocked = blocked_products(catalogue, settings)
    cadence = connection.execute(facts.CADENCE, {"at": at}).df()
    pairs = connection.execute(PAIRS_SQL).df()
    pairs = pairs.loc[~pairs["product_a"].isin(blocked) & ~pairs["product_b"].isin(blocked)]
    sellers = connection.execute(POPULAR_SQL).df()
    sellers = sellers.loc[~sellers["product_id"].isin(blocked)]
    return _Shop(datetime.combine(at, time(), UTC), catalogue, blocked, cadence, pairs, sellers)


def _lists(
    shop: _Shop, mix: Mix, customers: npt.NDArray[np.object_], mine: pd.DataFrame, discovered: pd.DataFrame
) -> pd.DataFrame:
    days = owned_days(mine["category"], shop.cadence)
    offered = mine.loc[~mine["product_id"].isin(shop.blocked)]
    lists = [
        buy_again(worth_repeating(offered, shop.cadence), shop.as_of, decayed=mix.buy_again == FRESH),
        bought_together_for(mine, shop.pairs, shop.as_of, owned_days=days),
        discovered,
        popular(shop.sellers, customers.tolist(), mine, shop.as_of, owned_days=days),
    ]
    filled = [item.assign(is_explored=item.get("is_explored", False)) for item in lists if len(item)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=[*COLUMNS, "is_explored"])


def _discovery(
    connection: duckdb.DuckDBPyConnection,
    mix: Mix,
    settings: RecommendationSettings,
    shop: _Shop,
    at: date,
    seed: int,
) -> Callable[[npt.NDArray[np.object_]], pd.DataFrame]:
    """A function that lists what is new to some customers."""
    bought: pd.DataFrame = connection.execute("select customer_id, product_id, fresh, habit from bought").df()
    attributes = shop.catalogue[["product_id", "category", "product_type", "brand"]]
    sold = connection.execute(facts.SOLD, {"at": at}).df()
    known = purchases(bought, sold, attributes, blocked=shop.blocked)
    newcomers = new_products(shop.catalogue, bought, shop.blocked, at)
    nothing = not len(known.products) or not len(known.customers)
    scores = None if nothing else methods(seed)[mix.discovery](known)
    people = pd.Index(known.customers)

    def listed(customers: npt.NDArray[np.object_]) -> pd.DataFrame:
        if scores is None:
            return pd.DataFrame(columns=[*COLUMNS, "is_explored"])
        rows = people.get_indexer(pd.Index(customers))
        share, day = settings.explore_share, at.isoformat()
        return discover(
            known, scores, mix.discovery, newcomers, explore_share=share, day=day, rows=np.sort(rows[rows >= 0])
        )

    return listed


def blocked_products(catalogue: pd.DataFrame, settings: RecommendationSettings) -> frozenset[str]:
    """Products that no list may hold: blocked by name or category, or known to be out of stock."""
    empty = pd.to_numeric(catalogue["stock_quantity"]).le(0).fillna(False).astype(bool)
    barred = empty | catalogue["category"].isin(settings.blocked_categories)
    return frozenset(catalogue.loc[barred, "product_id"]) | frozenset(settings.blocked_products)


def new_products(catalogue: pd.DataFrame, bought: pd.DataFrame, blocked: frozenset[str], at: date) -> pd.DataFrame:
    """Products that the catalogue told of within 30 days and nobody bought in the last year; the latest 500."""
    told = pd.to_datetime(catalogue["updated_at"])
    lately = told >= pd.Timestamp(at) - pd.Timedelta(days=NEW_DAYS)
    fresh = catalogue.loc[lately & ~catalogue["product_id"].isin({*blocked, *bought["product_id"].unique()})]
    ordered = fresh.sort_values(["updated_at", "product_id"], ascending=[False, True]).head(MOST_NEW)
    return ordered[["product_id", "category"]].reset_index(drop=True)
