"""How soon products of a category are bought again, and so how long what was bought need not be shown."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

# Fewer than one product in twenty is bought twice: nobody needs a second one this year.
DURABLE_SHARE: Final = 0.05
DURABLE_DAYS: Final = 365.0
UNKNOWN_DAYS: Final = 90.0
SHORTEST_DAYS: Final = 7.0
LONGEST_DAYS: Final = 180.0


def owned_days(products: pd.Series, cadence: pd.DataFrame) -> pd.Series:
    """Days for which each product stays out of lists after it was bought, by its category; same index.

    Args:
        products: category of each row, or null.
        cadence: category, repeat_share (of customer and product pairs bought on two days or more), gap_days (median
            days between two of them).
    """
    gap = cadence["gap_days"].fillna(UNKNOWN_DAYS).clip(SHORTEST_DAYS, LONGEST_DAYS)
    days = np.where(cadence["repeat_share"] < DURABLE_SHARE, DURABLE_DAYS, gap)
    known = pd.Series(days, index=cadence["category"].to_numpy(dtype=object))
    return products.map(known.to_dict()).astype("float64").fillna(UNKNOWN_DAYS)


def worth_repeating(bought: pd.DataFrame, cadence: pd.DataFrame) -> pd.DataFrame:
    """Rows of `bought` (category, n_orders) but for single purchases in categories that hardly anybody buys twice."""
    durable = set(cadence.loc[cadence["repeat_share"] < DURABLE_SHARE, "category"])
    kept: pd.DataFrame = bought.loc[~bought["category"].isin(durable) | (bought["n_orders"] > 1)]
    return kept
