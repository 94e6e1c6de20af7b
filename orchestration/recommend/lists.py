"""The lists of every customer, from what is known at a day and the methods that serve."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import duckdb
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
# A product is new while the catalogue is: what nobody buys for a month is merely unpopular.
NEW_DAYS = 30
MOST_NEW = 500


def all_lists(
    connection: duckdb.DuckDBPyConnection, mix: Mix, settings: RecommendationSettings, at: date, seed: int
) -> pd.DataFrame:
    """Columns of `ml.recommendation` but as_of. Expects the temp table `purchase_day`."""
    as_of = datetime.combine(at, time(), UTC)
    customers = connection.execute(CUSTOMERS_SQL).df()["customer_id"].astype(str).tolist()
    catalogue: pd.DataFrame = connection.execute(facts.CATALOGUE).df()
    blocked = blocked_products(catalogue, settings)
    bought = connection.execute(facts.BOUGHT, {"at": at}).df()
    cadence = connection.execute(facts.CADENCE, {"at": at}).df()
    mine = bought.loc[bought["customer_id"].isin(customers)].reset_index(drop=True)
    days = owned_days(mine["category"], cadence)
    offered = ~mine["product_id"].isin(blocked)
    pairs = connection.execute(PAIRS_SQL).df()
    pairs = pairs.loc[~pairs["product_a"].isin(blocked) & ~pairs["product_b"].isin(blocked)]
    sellers = connection.execute(POPULAR_SQL).df()
    sellers = sellers.loc[~sellers["product_id"].isin(blocked)]
    lists = [
        buy_again(worth_repeating(mine.loc[offered], cadence), as_of, decayed=mix.buy_again == FRESH),
        bought_together_for(mine, pairs, as_of, owned_days=days),
        _discovery(connection, mix, settings, bought, catalogue, blocked, at, seed),
        popular(sellers, customers, mine, as_of, owned_days=days),
    ]
    filled = [item.assign(is_explored=item.get("is_explored", False)) for item in lists if len(item)]
    if not filled:
        return pd.DataFrame(columns=[*COLUMNS, "is_explored"])
    found = pd.concat(filled, ignore_index=True)
    return found.loc[found["customer_id"].isin(customers)].reset_index(drop=True)


def _discovery(
    connection: duckdb.DuckDBPyConnection,
    mix: Mix,
    settings: RecommendationSettings,
    bought: pd.DataFrame,
    catalogue: pd.DataFrame,
    blocked: frozenset[str],
    at: date,
    seed: int,
) -> pd.DataFrame:
    sold = connection.execute(facts.SOLD, {"at": at}).df()
    attributes = catalogue[["product_id", "category", "product_type", "brand"]]
    known = purchases(bought, sold, attributes, blocked=blocked)
    if not len(known.products) or not len(known.customers):
        return pd.DataFrame(columns=[*COLUMNS, "is_explored"])
    scores = methods(seed)[mix.discovery](known)
    newcomers = new_products(catalogue, bought, blocked, at)
    return discover(known, scores, mix.discovery, newcomers, explore_share=settings.explore_share, day=at.isoformat())


def blocked_products(catalogue: pd.DataFrame, settings: RecommendationSettings) -> frozenset[str]:
    """Products that no list may hold: blocked by name or category, or known to be out of stock."""
    empty = pd.to_numeric(catalogue["stock_quantity"]).le(0).fillna(False).astype(bool)
    barred = empty | catalogue["category"].isin(settings.blocked_categories)
    return frozenset(catalogue.loc[barred, "product_id"]) | frozenset(settings.blocked_products)


def new_products(catalogue: pd.DataFrame, bought: pd.DataFrame, blocked: frozenset[str], at: date) -> pd.DataFrame:
    """Products that the catalogue told of within 30 days and nobody bought in the last year; the latest 500."""
    told = pd.to_datetime(catalogue["updated_at"])
    lately = told >= pd.Timestamp(at) - pd.Timedelta(days=NEW_DAYS)
    fresh = catalogue.loc[lately & ~catalogue["product_id"].isin({*blocked, *bought["product_id"]})]
    ordered = fresh.sort_values(["updated_at", "product_id"], ascending=[False, True]).head(MOST_NEW)
    return ordered[["product_id", "category"]].reset_index(drop=True)
