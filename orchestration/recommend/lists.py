"""The lists of every customer, from what is known at a day and the methods that serve."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import NamedTuple

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from intake.settings import RecommendationSettings
from ml.recommend import Listed, Mix, bought_together_for, buy_again, partners, popular, purchases
from ml.recommend.bought import Bought, Cadence, Days, Flags, Integers, Names, bought, cadence, sold
from ml.recommend.bought_together import Partners
from ml.recommend.cadence import still_owned, worth_repeating
from ml.recommend.choice import FRESH
from ml.recommend.discover import TASK, discover
from ml.recommend.discovery import methods
from ml.recommend.ranking import nothing
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
# A product is new while the catalogue is: what nobody buys for a month is merely unpopular.
NEW_DAYS = 30
MOST_NEW = 500


def list_parts(
    connection: duckdb.DuckDBPyConnection, mix: Mix, settings: RecommendationSettings, at: date, seed: int
) -> Iterator[pa.Table]:
    """Columns of `ml.recommendation` but as_of, one task of some thousand customers at a time.

    Expects the temp table `purchase_day`.
    """
    days = facts.days_at(connection, at)
    customers = connection.execute(CUSTOMERS_SQL).fetchnumpy()["customer_id"]
    names = np.asarray(customers, dtype=object)
    shop = _shop(connection, settings, days)
    del days
    discovered = _discovery(mix, settings, shop, at, seed)
    known = pd.Index(shop.shelf.customers, dtype=object)
    places = known.get_indexer(pd.Index(names, dtype=object)).astype(np.int64)
    for start in range(0, len(names), CUSTOMERS_AT_A_TIME):
        some = slice(start, start + CUSTOMERS_AT_A_TIME)
        people = pa.array(names[some], pa.string())
        for listed in _lists(shop, mix, places[some], discovered):
            if len(listed.row):
                yield table(listed, people)


def table(listed: Listed, customers: pa.Array) -> pa.Table:
    """Lists with their texts, which stand there once and are pointed to."""
    size = len(listed.row)
    columns = {
        "customer_id": _told(listed.row, customers),
        "task": _told(np.zeros(size, dtype=np.int64), pa.array([listed.task], pa.string())),
        "rank": pa.array(listed.rank.astype(np.int32)),
        "product_id": _told(listed.product, pa.array(listed.products, pa.string())),
        "score": pa.array(listed.score),
        "reason": _told(listed.reason, pa.array(listed.reasons, pa.string())),
        "is_explored": pa.array(listed.is_explored),
    }
    return pa.table(columns)


def _told(places: Integers, texts: pa.Array) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int32)), texts)


class _Shop(NamedTuple):
    """What all lists of a day share."""

    catalogue: pd.DataFrame
    blocked: frozenset[str]
    shelf: Bought
    cadence: Cadence
    partners: Partners
    sellers: pd.DataFrame


def _shop(connection: duckdb.DuckDBPyConnection, settings: RecommendationSettings, days: Days) -> _Shop:
    catalogue: pd.DataFrame = connection.execute(facts.CATALOGUE).df()
    blocked = blocked_products(catalogue, settings)
    pairs = connection.execute(PAIRS_SQL).df()
    pairs = pairs.loc[~pairs["product_a"].isin(blocked) & ~pairs["product_b"].isin(blocked)]
    sellers = connection.execute(POPULAR_SQL).df()
    sellers = sellers.loc[~sellers["product_id"].isin(blocked)]
    return _Shop(catalogue, blocked, bought(days), cadence(days), partners(pairs), sellers)


Discovered = Callable[[Integers], Listed]


def _lists(shop: _Shop, mix: Mix, places: Integers, discovered: Discovered) -> Iterator[Listed]:
    """The lists of some customers, given by their places among those who bought something (-1: nothing)."""
    mine = shop.shelf.of(places)
    owned = still_owned(mine, shop.cadence)
    barred: Flags = pd.Index(mine.products, dtype=object).isin(list(shop.blocked))
    offered = worth_repeating(mine, shop.cadence) & ~barred[mine.product]
    yield buy_again(mine, offered=offered, decayed=mix.buy_again == FRESH)
    yield bought_together_for(mine, shop.partners, owned)
    known = np.flatnonzero(places >= 0)
    found = discovered(places[known])
    yield found._replace(row=known[found.row])
    yield popular(shop.sellers, len(places), mine, owned)


def _discovery(mix: Mix, settings: RecommendationSettings, shop: _Shop, at: date, seed: int) -> Discovered:
    """A function that lists what is new to some customers."""
    attributes = shop.catalogue[facts.ATTRIBUTES]
    known = purchases(shop.shelf, sold(shop.shelf), attributes, blocked=shop.blocked)
    newcomers = new_products(shop.catalogue, shop.shelf.products, shop.blocked, at)
    some = len(known.products) and len(known.customers)
    scores = methods(seed)[mix.discovery](known) if some else None

    def listed(rows: Integers) -> Listed:
        if scores is None:
            return nothing(TASK)
        share, day = settings.explore_share, at.isoformat()
        return discover(known, scores, mix.discovery, newcomers, explore_share=share, day=day, rows=rows)

    return listed


def blocked_products(catalogue: pd.DataFrame, settings: RecommendationSettings) -> frozenset[str]:
    """Products that no list may hold: blocked by name or category, or known to be out of stock."""
    empty = pd.to_numeric(catalogue["stock_quantity"]).le(0).fillna(False).astype(bool)
    barred = empty | catalogue["category"].isin(settings.blocked_categories)
    return frozenset(catalogue.loc[barred, "product_id"]) | frozenset(settings.blocked_products)


def new_products(catalogue: pd.DataFrame, bought: Names, blocked: frozenset[str], at: date) -> Names:
    """Ids that the catalogue told of within 30 days and nobody bought in the last year; the latest 500."""
    told = pd.to_datetime(catalogue["updated_at"])
    lately = told >= pd.Timestamp(at) - pd.Timedelta(days=NEW_DAYS)
    fresh = catalogue.loc[lately & ~catalogue["product_id"].isin({*blocked, *bought})]
    ordered = fresh.sort_values(["updated_at", "product_id"], ascending=[False, True]).head(MOST_NEW)
    return ordered["product_id"].to_numpy(dtype=object)
