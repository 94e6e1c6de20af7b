"""The web export: what each kind of event carries, and identifiers that belong together."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from crawlerdetect import CrawlerDetect

from simulation.faults import UNKNOWN_TYPES
from simulation.orders import Orders
from simulation.pages import EVENT_TYPES


def test_all_event_types_occur(web: pd.DataFrame) -> None:
    assert set(EVENT_TYPES) <= set(web["event_type"]) <= {*EVENT_TYPES, *UNKNOWN_TYPES}


def test_products_and_categories_are_the_shops(web: pd.DataFrame, orders: Orders) -> None:
    department = {
        str(product): orders.departments[code]
        for product, code in zip(orders.product_ids, orders.product_department, strict=True)
    }
    named = web.dropna(subset=["product_id"])
    assert (named["product_id"].map(department) == named["category"]).all()
    about_products = {"product_viewed", "size_guide_opened", "review_read", "cart_added", "cart_removed"}
    assert set(named["event_type"]) - set(UNKNOWN_TYPES) == about_products


def test_searches_have_a_query_and_filters_a_value(web: pd.DataFrame) -> None:
    known = web[~web["event_type"].isin(UNKNOWN_TYPES)]
    assert known["query"].notna().equals(known["event_type"] == "searched")
    assert known["filter"].notna().equals(known["event_type"] == "filter_applied")
    assert web["value"].notna().equals(web["filter"].notna())


def test_cart_events_have_a_quantity_and_mostly_a_price(web: pd.DataFrame) -> None:
    carts = web[web["event_type"].isin(("cart_added", "cart_removed"))]
    assert carts["quantity"].between(1, 3).all()
    assert carts["unit_price"].notna().mean() > 0.9
    assert (carts["unit_price"].dropna() > 0).all()


def test_apps_report_a_device_id_and_browsers_a_cookie(web: pd.DataFrame) -> None:
    app = web["channel"] == "mobile"
    assert web["device_id"].notna().equals(app)
    assert web["cookie_id"].notna().equals(~app)


def test_crawlers_are_recognised_by_their_agent(web: pd.DataFrame, read_truth: Callable[[str], pd.DataFrame]) -> None:
    detector = CrawlerDetect(user_agent="")
    verdict = {agent: bool(detector.isCrawler(agent)) for agent in web["user_agent"].unique()}
    visits = web.merge(read_truth("sessions"), on="session_id")
    assert (visits["user_agent"].map(verdict) == visits["is_bot"]).all()
    assert visits["is_bot"].any()


def test_logins_are_on_most_visits_and_belong_to_the_visitor(
    web: pd.DataFrame, read_truth: Callable[[str], pd.DataFrame]
) -> None:
    identifiers, sessions = read_truth("identifiers"), read_truth("sessions")
    owner = identifiers[identifiers["type"] == "login"].set_index("value_clear")["person_id"]
    visits = web.merge(sessions[~sessions["is_bot"]], on="session_id")
    known = visits.dropna(subset=["login"])
    assert (known["login"].map(owner) == known["person_id"]).all()
    assert 0.5 < known["session_id"].nunique() / visits["session_id"].nunique() < 0.8


def test_an_email_stands_only_beside_a_login(web: pd.DataFrame) -> None:
    with_email = web[web["email"].notna()]
    assert with_email["login"].notna().all()
    assert set(with_email["event_type"]) - set(UNKNOWN_TYPES) == {"logged_in"}


def test_every_row_says_that_it_is_simulated(web: pd.DataFrame) -> None:
    assert web["is_simulated"].all()
    assert web["is_simulated"].dtype == bool
