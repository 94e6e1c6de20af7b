"""Page types, URLs and referrers agree with the events."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from simulation.addresses import PAGE_TYPES, REFERRERS, SHOP

PAGES = {
    "searched": "search",
    "logged_in": "login",
    "cart_added": "cart",
    "cart_removed": "cart",
    "checkout_started": "checkout",
    "product_viewed": "product",
    "filter_applied": "category",
}


@pytest.mark.parametrize(("event_type", "page_type"), PAGES.items())
def test_events_happen_on_their_page(web: pd.DataFrame, event_type: str, page_type: str) -> None:
    assert set(web.loc[web["event_type"] == event_type, "page_type"]) == {page_type}


def test_all_urls_are_the_shops(web: pd.DataFrame) -> None:
    assert web["page_url"].str.startswith(f"{SHOP}/").all()
    assert set(web["page_type"]) <= set(PAGE_TYPES)


def test_product_urls_name_the_product(web: pd.DataFrame) -> None:
    views = web[web["event_type"] == "product_viewed"]
    assert (views["page_url"] == f"{SHOP}/p/" + views["product_id"]).all()


def test_only_landings_have_a_referrer(web: pd.DataFrame) -> None:
    referred = web.drop_duplicates("event_id").dropna(subset=["referrer", "session_id"])
    assert set(referred["referrer"]) <= set(REFERRERS)
    first = web.dropna(subset=["session_id"]).groupby("session_id")["occurred_at"].min()
    lag = referred["occurred_at"].to_numpy() - first[referred["session_id"]].to_numpy()
    # Page and follow-up events of the first step share the referrer; spoilt clocks are apart.
    assert (pd.Series(lag) < pd.Timedelta(minutes=30)).mean() > 0.99


def test_newsletter_visits_come_from_mail(web: pd.DataFrame) -> None:
    clicked = web[web["click_id"].notna()]
    assert set(clicked["referrer"]) == {"https://mail.example/"}
    assert clicked["campaign"].str.startswith("newsletter_").all()


def test_an_email_in_a_url_is_planted_and_rare(web: pd.DataFrame, read_truth: Callable[[str], pd.DataFrame]) -> None:
    leaking = set(web.loc[web["page_url"].str.contains("email="), "event_id"])
    faults = read_truth("faults")
    planted = set(faults.loc[faults["fault"] == "email_in_url", "event_id"])
    assert leaking == planted
    assert 1 <= len(leaking) < 0.002 * len(web)
