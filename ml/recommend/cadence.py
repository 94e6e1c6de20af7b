"""How soon products of a category are bought again, and so how long what was bought need not be shown."""

from __future__ import annotations

from typing import Final

import numpy as np

from ml.recommend.bought import Bought, Cadence, Flags, Floats

# Fewer than one product in twenty is bought twice: nobody needs a second one this year.
DURABLE_SHARE: Final = 0.05
DURABLE_DAYS: Final = 365.0
UNKNOWN_DAYS: Final = 90.0
SHORTEST_DAYS: Final = 7.0
LONGEST_DAYS: Final = 180.0


def owned_days(cadence: Cadence) -> Floats:
    """Days for which a product of each category stays out of lists after it was bought."""
    gap = np.where(np.isnan(cadence.gap_days), UNKNOWN_DAYS, cadence.gap_days).clip(SHORTEST_DAYS, LONGEST_DAYS)
    return np.where(cadence.repeat_share < DURABLE_SHARE, DURABLE_DAYS, gap)


def still_owned(shelf: Bought, cadence: Cadence) -> Flags:
    """Entries bought so lately that they are not suggested."""
    return np.asarray(shelf.age_days <= owned_days(cadence)[shelf.category], dtype=np.bool_)


def worth_repeating(shelf: Bought, cadence: Cadence) -> Flags:
    """All entries but single purchases in categories that hardly anybody buys twice."""
    durable = cadence.repeat_share < DURABLE_SHARE
    return np.asarray(~durable[shelf.category] | (shelf.n_orders > 1), dtype=np.bool_)
