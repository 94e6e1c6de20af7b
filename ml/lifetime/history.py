"""What the purchase-process models know of a customer: how often, how lately, how long, how much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.preprocess import numbers

Floats = npt.NDArray[np.float64]
COLUMNS = ("orders_lifetime", "recency_days", "days_since_first_order", "spend_lifetime")


@dataclass(frozen=True)
class PurchaseHistory:
    """One entry a customer, all of one length.

    Attributes:
        repeats: purchases after the first one (x).
        last_at: days from the first purchase to the last (t_x), 0 where there was one purchase.
        observed: days from the first purchase to now (T), at least `last_at`.
        mean_amount: average amount of all purchases, currency units, at least 0.
    """

    repeats: Floats
    last_at: Floats
    observed: Floats
    mean_amount: Floats

    def __len__(self) -> int:
        return len(self.repeats)

    def every(self, step: int) -> PurchaseHistory:
        """Each `step`-th customer."""
        parts = (self.repeats, self.last_at, self.observed, self.mean_amount)
        return PurchaseHistory(*(part[::step] for part in parts))


def purchase_history(frame: pd.DataFrame) -> PurchaseHistory | None:
    """Histories of feature rows (missing values read as none); None where the frame lacks a column of `COLUMNS`."""
    if not set(COLUMNS) <= set(frame.columns):
        return None
    orders, recency, observed, spend = np.nan_to_num(np.maximum(numbers(frame, COLUMNS), 0.0)).T
    repeats = np.maximum(orders - 1.0, 0.0)
    last_at = np.where(repeats > 0, np.maximum(observed - recency, 0.0), 0.0)
    return PurchaseHistory(repeats, last_at, observed, spend / np.maximum(orders, 1.0))
