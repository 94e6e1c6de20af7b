"""Campaigns, coupons, redemptions and demographics refer to what exists."""

from __future__ import annotations

import pandas as pd
from scipy.stats import binomtest

from simulation.company_marketing import DEMOGRAPHIC_SHARE

Frames = dict[str, pd.DataFrame]


def test_campaigns_have_a_description(shop_frames: Frames) -> None:
    descriptions = shop_frames["campaign_descriptions"]
    assert descriptions["campaign_id"].is_unique
    assert (descriptions["end_date"] > descriptions["start_date"]).all()
    assert set(shop_frames["campaigns"]["campaign_id"]) <= set(descriptions["campaign_id"])
    assert not shop_frames["campaigns"].duplicated().any()


def test_redemptions_are_by_targeted_households_within_the_campaign(shop_frames: Frames) -> None:
    redeemed = shop_frames["coupon_redemptions"]
    assert len(redeemed) > 5
    targeted = redeemed.merge(shop_frames["campaigns"], on=["campaign_id", "household_id"])
    assert len(targeted) == len(redeemed)
    dated = redeemed.merge(shop_frames["campaign_descriptions"], on="campaign_id")
    assert dated["redemption_date"].between(dated["start_date"], dated["end_date"]).all()
    assert dated["redemption_date"].max() < pd.Timestamp("2017-06-30")


def test_redeemed_coupons_exist_in_their_campaign(shop_frames: Frames) -> None:
    coupons = set(zip(shop_frames["coupons"]["coupon_upc"], shop_frames["coupons"]["campaign_id"], strict=True))
    redeemed = shop_frames["coupon_redemptions"]
    assert set(zip(redeemed["coupon_upc"], redeemed["campaign_id"], strict=True)) <= coupons
    assert set(shop_frames["coupons"]["product_id"]) <= set(shop_frames["products"]["product_id"])


def test_a_third_of_the_households_has_demographics(shop_frames: Frames) -> None:
    known = shop_frames["demographics"]
    assert known["household_id"].is_unique
    assert set(known["household_id"]) <= set(range(1, 401))
    assert binomtest(len(known), 400, DEMOGRAPHIC_SHARE).pvalue > 1e-4
    assert known["home_ownership"].isna().any()


def test_every_campaign_starts_within_the_period(shop_frames: Frames) -> None:
    starts = shop_frames["campaign_descriptions"]["start_date"]
    assert starts.min() == pd.Timestamp("2017-01-03")
    assert starts.max() < pd.Timestamp("2017-06-30")
    assert starts.diff().dropna().eq(pd.Timedelta(days=30)).all()
