"""Lists of a small shop, and of shops where something is missing: no catalogue, one customer, guests alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest

from intake.settings import RecommendationSettings
from ml.errors import NotTrainable
from ml.recommend import UNMEASURED, choose
from orchestration.recommend import facts
from orchestration.recommend.lists import list_parts, new_products

AT = date(2017, 12, 1)
SETTINGS = RecommendationSettings(explore_share=0.0)


def purchases(customers: int = 30, seed: int = 2) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    rows = [
        (f"c{who:02d}", f"p{item:02d}", "milk" if item < 20 else "fridge", AT - timedelta(days=int(ago)))
        for who in range(customers)
        for item, ago in zip(random.choice(30, 8, replace=False), random.integers(1, 80, 8), strict=True)
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "product_id", "category", "event_date"])
    again = frame.loc[frame["category"] == "milk"].head(40)
    again = again.assign(event_date=[day - timedelta(days=30) for day in again["event_date"]])
    whole = pd.concat([frame, again], ignore_index=True)
    return whole.assign(received_date=whole["event_date"])


def shop(lines: pd.DataFrame, catalogue: pd.DataFrame) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    people = pd.DataFrame({"customer_id": sorted(set(lines["customer_id"])), "is_profiled": True})
    people = people.astype({"customer_id": object})
    for name, frame in (("lines", lines), ("people", people), ("catalogue", catalogue)):
        connection.register(name, frame)
    for statement in (
        "create schema marts",
        "create schema intermediate",
        "create table intermediate.int_sensitive_categories (category varchar)",
        "create table intermediate.int_customer_purchase_daily as select customer_id::varchar as customer_id,"
        " product_id::varchar as product_id, category::varchar as category, event_date::date as event_date,"
        " received_date::date as received_date from lines",
        "create table marts.dim_customer as select customer_id::varchar as customer_id from people",
        "create table marts.customer_consent as select customer_id::varchar as customer_id, true as is_profiled"
        " from people",
        "create table marts.dim_product as select product_id::varchar as product_id, category::varchar as category,"
        " ''::varchar as product_type, ''::varchar as brand, stock::decimal(18, 3) as stock_quantity,"
        " updated_at::timestamp as updated_at from catalogue",
        "create table marts.product_popularity as select product_id, count(*) as n_orders"
        " from intermediate.int_customer_purchase_daily group by product_id",
        "create table marts.product_pair (product_a varchar, product_b varchar, n_baskets bigint, support double,"
        " confidence double, lift double)",
        facts.HOLD,
    ):
        connection.execute(statement).fetchall()
    return connection


def catalogue(stock: float = 5.0) -> pd.DataFrame:
    frame = pd.DataFrame({"product_id": [f"p{i:02d}" for i in range(30)], "stock": stock})
    category = ["milk" if i < 20 else "fridge" for i in range(30)]
    return frame.assign(category=category, updated_at=pd.Timestamp("2017-01-01"))


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    opened = shop(purchases(), catalogue())
    yield opened
    opened.close()


def all_lists(connection: duckdb.DuckDBPyConnection, settings: RecommendationSettings = SETTINGS) -> pd.DataFrame:
    parts = [part.to_pandas() for part in list_parts(connection, UNMEASURED, settings, AT, 1)]
    return pd.concat([part.astype({"product_id": str, "task": str}) for part in parts]) if parts else pd.DataFrame()


def bought(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    rows = connection.execute("select distinct customer_id, product_id from purchase_day").fetchall()
    return {(str(who), str(what)) for who, what in rows}


def pairs(lists: pd.DataFrame, task: str) -> set[tuple[str, str]]:
    part = lists.loc[lists["task"] == task]
    return set(zip(part["customer_id"], part["product_id"], strict=True))


def test_own_products_come_again_and_only_unknown_ones_are_discovered(connection: duckdb.DuckDBPyConnection) -> None:
    lists = all_lists(connection)
    owned = bought(connection)
    assert pairs(lists, "buy_again") <= owned
    assert pairs(lists, "discovery")
    assert not pairs(lists, "discovery") & owned
    assert not lists.duplicated(["customer_id", "task", "rank"]).any()


def test_nobody_is_reminded_of_the_fridge_they_have(connection: duckdb.DuckDBPyConnection) -> None:
    lists = all_lists(connection)
    shown = pairs(lists, "buy_again") | (pairs(lists, "popular") & bought(connection))
    assert not {what for _, what in shown if int(what[1:]) >= 20}


def test_blocked_products_and_categories_are_in_no_list(connection: duckdb.DuckDBPyConnection) -> None:
    barred = RecommendationSettings(blocked_products=["p03"], blocked_categories=["fridge"])
    lists = all_lists(connection, barred)
    assert {"p03", *(f"p{i}" for i in range(20, 30))} & set(lists["product_id"]) == set()
    assert set(lists["task"]) == {"buy_again", "discovery", "popular"}


def test_empty_shelves_are_offered_to_nobody() -> None:
    with shop(purchases(), catalogue(stock=0.0)) as connection:
        assert all_lists(connection).empty


def test_without_a_catalogue_there_are_lists_all_the_same() -> None:
    with shop(purchases().assign(category="unknown"), catalogue().head(0)) as connection:
        lists = all_lists(connection)
        assert set(lists["task"]) == {"buy_again", "discovery", "popular"}
        assert np.isfinite(lists["score"].astype(float)).all()


def test_one_customer_gets_what_they_know() -> None:
    with shop(purchases(customers=1), catalogue()) as connection:
        lists = all_lists(connection)
        assert "buy_again" in set(lists["task"])
        day = AT - timedelta(days=30)
        with pytest.raises(NotTrainable, match=r"at least 50"):
            choose((facts.period_at(connection, day), facts.period_at(connection, day)), 1)


def test_guests_alone_get_no_list_and_the_measure_says_why() -> None:
    with shop(purchases().head(0), catalogue()) as connection:
        assert all_lists(connection).empty
        period = facts.period_at(connection, AT)
        with pytest.raises(NotTrainable, match="0 customers"):
            choose((period, period), 1)


def test_new_is_what_nobody_bought_in_the_last_year_whatever_was_edited_lately() -> None:
    told = [AT - timedelta(days=days) for days in (1, 1, 1, 40)]
    catalogue = pd.DataFrame({"product_id": ["old", "new", "barred", "stale"], "category": "x", "updated_at": told})
    bought = np.array(["old"], dtype=object)
    assert new_products(catalogue, bought, frozenset({"barred"}), AT).tolist() == ["new"]
