"""The small company's campaigns, coupons, redemptions and demographics, in Complete Journey's columns."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulation.arrays import DAY_US, I64
from simulation.company_catalogue import Catalogue
from simulation.company_households import Households
from simulation.randomness import stream

CAMPAIGN_EVERY_DAYS = 30
DEMOGRAPHIC_SHARE = 0.33
_DEMOGRAPHICS = {
    "age": ("19-24", "25-34", "35-44", "45-54", "55-64", "65+"),
    "income": ("Under 15K", "25-34K", "35-49K", "50-74K", "75-99K", "125-149K"),
    "home_ownership": ("Homeowner", "Renter", None),
    "marital_status": ("Married", "Unmarried", None),
    "household_size": ("1", "2", "3", "4", "5+"),
    "household_comp": ("1 Adult No Kids", "2 Adults No Kids", "2 Adults Kids"),
    "kids_count": ("0", "1", "2", "3+"),
}


def draw_marketing(
    households: Households, catalogue: Catalogue, start_us: int, days: int, seed: int
) -> dict[str, pd.DataFrame]:
    """Frames by file name: campaigns, campaign_descriptions, coupons, coupon_redemptions, demographics."""
    rng = stream(seed, "marketing")
    # Every campaign starts within the period: the first on day 2, the next every 30 days.
    number = np.arange(1, 2 + (days - 3) // CAMPAIGN_EVERY_DAYS, dtype=np.int64)
    first_day = (number - 1) * CAMPAIGN_EVERY_DAYS + 2
    length = rng.integers(21, 46, len(number))
    descriptions = pd.DataFrame(
        {
            "campaign_id": number,
            "campaign_type": np.array(["Type A", "Type B", "Type C"])[rng.integers(3, size=len(number))],
            "start_date": _dates(start_us, first_day),
            "end_date": _dates(start_us, first_day + length),
        }
    )
    campaign, household = np.nonzero(rng.random((len(number), len(households.taste))) < 0.28)
    campaigns = pd.DataFrame({"campaign_id": number[campaign], "household_id": household.astype(np.int64) + 1})
    coupons = _coupons(number, catalogue, rng)
    likely = rng.random(len(campaign)) < 0.25 * households.sensitivity[household] ** 2
    day = first_day[campaign] + (rng.random(len(campaign)) * length[campaign]).astype(np.int64)
    likely &= (day < days) & (day >= households.joined_day[household]) & (day < households.left_day[household])
    redemptions = pd.DataFrame(
        {
            "household_id": household[likely].astype(np.int64) + 1,
            "coupon_upc": number[campaign[likely]] * 10_000_000 + rng.integers(8, size=int(likely.sum())),
            "campaign_id": number[campaign[likely]],
            "redemption_date": _dates(start_us, day[likely]),
        }
    ).sort_values(["redemption_date", "household_id"], ignore_index=True)
    return {
        "campaigns": campaigns,
        "campaign_descriptions": descriptions,
        "coupons": coupons,
        "coupon_redemptions": redemptions,
        "demographics": _demographics(len(households.taste), rng),
    }


def _coupons(number: I64, catalogue: Catalogue, rng: np.random.Generator) -> pd.DataFrame:
    products = catalogue.frame["product_id"].to_numpy(np.int64)[:-1]
    upc = np.repeat(number[:, None] * 10_000_000 + np.arange(8)[None, :], 5, axis=0).reshape(-1)
    return pd.DataFrame(
        {
            "coupon_upc": upc,
            "product_id": products[rng.integers(len(products), size=len(upc))],
            "campaign_id": upc // 10_000_000,
        }
    ).drop_duplicates(ignore_index=True)


def _demographics(customers: int, rng: np.random.Generator) -> pd.DataFrame:
    household = np.flatnonzero(rng.random(customers) < DEMOGRAPHIC_SHARE).astype(np.int64) + 1
    answers = {
        name: np.array(options, dtype=object)[rng.integers(len(options), size=len(household))]
        for name, options in _DEMOGRAPHICS.items()
    }
    return pd.DataFrame({"household_id": household, **answers})


def _dates(start_us: int, day: I64) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return (start_us + day * DAY_US).astype("datetime64[us]").astype("datetime64[ns]")
