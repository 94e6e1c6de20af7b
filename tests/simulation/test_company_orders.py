"""The company's shop: households, products and lines that make sense."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from simulation.company_catalogue import DEPARTMENTS, FUEL_PRODUCT_ID, draw_catalogue
from simulation.company_households import draw_households, orders_per_day
from simulation.company_orders import FIRST_BASKET_ID


@pytest.fixture(scope="module")
def lines(shop_frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return shop_frames["transactions"]


def test_every_household_buys(lines: pd.DataFrame) -> None:
    assert sorted(lines["household_id"].unique()) == list(range(1, 401))


def test_a_basket_is_one_visit_with_each_product_once(lines: pd.DataFrame) -> None:
    baskets = lines.groupby("basket_id")
    assert (baskets[["household_id", "store_id", "transaction_timestamp"]].nunique() == 1).all(axis=None)
    assert not lines.duplicated(["basket_id", "product_id"]).any()
    assert lines["basket_id"].min() >= FIRST_BASKET_ID


def test_baskets_are_numbered_in_order_of_time(lines: pd.DataFrame) -> None:
    assert lines.sort_values("basket_id", kind="stable")["transaction_timestamp"].is_monotonic_increasing
    week = (lines["transaction_timestamp"] - pd.Timestamp("2017-01-01")).dt.days // 7 + 1
    assert (week == lines["week"]).all()


def test_the_first_and_the_last_day_have_orders(lines: pd.DataFrame) -> None:
    days = lines["transaction_timestamp"].dt.date
    assert str(days.min()) == "2017-01-01"
    assert str(days.max()) == "2017-06-29"


def test_amounts_add_up(lines: pd.DataFrame, shop_frames: dict[str, pd.DataFrame]) -> None:
    assert (lines[["sales_value", "retail_disc", "coupon_disc", "coupon_match_disc"]] >= 0).all(axis=None)
    paid = lines[lines["sales_value"] > 0]
    listed = (paid["sales_value"] + paid["retail_disc"]) / paid["quantity"]
    goods = paid["product_id"] != FUEL_PRODUCT_ID
    spread = listed[goods].groupby(paid.loc[goods, "product_id"]).agg(lambda price: price.max() - price.min())
    assert spread.max() < 0.02
    assert 0.001 < (lines["sales_value"] == 0).mean() < 0.02


def test_fuel_is_sold_in_millilitres(lines: pd.DataFrame) -> None:
    fuel = lines[lines["product_id"] == FUEL_PRODUCT_ID]
    assert len(fuel) > 0
    assert fuel["quantity"].min() >= 8_000
    assert lines.loc[lines["product_id"] != FUEL_PRODUCT_ID, "quantity"].max() <= 3


def test_households_have_favourites(lines: pd.DataFrame) -> None:
    counts = lines.groupby(["household_id", "product_id"]).size()
    most = counts.groupby("household_id").max() / lines.groupby("household_id").size()
    overall = lines["product_id"].value_counts(normalize=True).max()
    assert most.median() > 3 * overall


def test_price_sensitive_households_save_more(lines: pd.DataFrame) -> None:
    households = draw_households(400, 180, 11)
    totals = lines.groupby("household_id")[["sales_value", "retail_disc"]].sum().sort_index()
    share = totals["retail_disc"] / totals.sum(axis=1)
    assert spearmanr(share, households.sensitivity).statistic > 0.7


def test_leavers_stop_and_fade_before_they_do() -> None:
    households = draw_households(2_000, 300, 1)
    visits = orders_per_day(households, 300, 1)
    left = households.left_day
    gone = np.flatnonzero((left < 280) & (left - households.joined_day > 120))
    after = [visits[one, left[one] :].sum() for one in gone[:-1]]
    assert sum(after) <= len(after) * 0.02
    at_end = np.mean([visits[one, left[one] - 14 : left[one]].mean() for one in gone])
    earlier = np.mean([visits[one, left[one] - 80 : left[one] - 40].mean() for one in gone])
    assert at_end < 0.7 * earlier


def test_taste_sums_to_one() -> None:
    np.testing.assert_allclose(draw_households(100, 60, 2).taste.sum(axis=1), 1.0)


def test_the_catalogue_grows_with_the_company_and_ends_with_fuel() -> None:
    small, large = draw_catalogue(50, 3), draw_catalogue(5_000, 3)
    assert len(small.frame) < len(large.frame) <= 1_501
    for catalogue in (small, large):
        assert catalogue.frame["product_id"].is_unique
        assert catalogue.frame["product_id"].iloc[-1] == FUEL_PRODUCT_ID
        assert set(catalogue.frame["department"]) == {*(item.name for item in DEPARTMENTS), "FUEL"}
        assert (catalogue.base_price[:-1] >= 0.39).all()
        assert catalogue.appeal[-1] == 0
