"""Promises of delivery: a band of days from order to arrival, and how often later orders kept to it."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

CONFIDENCE: Final = 0.80
# The newest orders are held back to measure the coverage of a band made from the older ones.
HELD_BACK: Final = 0.30
# With 30 older orders a tenth at each end is three orders; fewer make no quantile.
LEAST_ORDERS: Final = 30


class DeliveryBand(NamedTuple):
    """Whole days from order to delivery, both ends included; `coverage` was measured on `HELD_BACK` of `n` orders."""

    earliest_days: int
    latest_days: int
    confidence: float
    coverage: float | None
    n: int


def delivery_bands(days: NDArray[np.int64], confidence: float = CONFIDENCE) -> DeliveryBand | None:
    """The band that held `confidence` of the orders.

    Args:
        days: from order to delivery, oldest order first.
        confidence: share of orders that the band is to hold, split evenly between both ends.

    Returns:
        The band from all orders, with the coverage that the band of the older ones had on the newer ones; None with
        fewer than `LEAST_ORDERS`.
    """
    if len(days) < LEAST_ORDERS:
        return None
    held_back = int(len(days) * HELD_BACK)
    older, newer = days[: len(days) - held_back], days[len(days) - held_back :]
    coverage = None
    if len(older) >= LEAST_ORDERS and len(newer):
        low, high = _ends(older, confidence)
        coverage = round(float(np.mean((newer >= low) & (newer <= high))), 4)
    earliest, latest = _ends(days, confidence)
    return DeliveryBand(earliest, latest, confidence, coverage, len(days))


def _ends(days: NDArray[np.int64], confidence: float) -> tuple[int, int]:
    tail = (1.0 - confidence) / 2.0
    low = np.quantile(days, tail, method="lower")
    high = np.quantile(days, 1.0 - tail, method="higher")
    return int(low), int(high)
