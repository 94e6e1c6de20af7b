"""Micro-segments: persona, risk of leaving, value and intent of the week, together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from ml.preprocess import numbers

UNKNOWN: Final = "unknown"
COLUMNS: Final = ("customer_id", "persona_id", "churn_band", "value_band", "intent", "micro_segment", "customers",
                  "is_large")  # fmt: skip


@dataclass(frozen=True)
class MicroBands:
    """Where bands begin.

    Attributes:
        churn_medium: probability of leaving from which it is medium.
        churn_high: and from which it is high.
        value_medium: share of scored customers with a persona below the medium band of expected spend.
        value_high: share below the high band.
    """

    churn_medium: float = 0.2
    churn_high: float = 0.5
    value_medium: float = 1 / 3
    value_high: float = 2 / 3

    def __post_init__(self) -> None:
        """Refuse bands out of order."""
        for name in ("churn", "value"):
            medium, high = getattr(self, f"{name}_medium"), getattr(self, f"{name}_high")
            if not 0 < medium < high < 1:
                raise ValueError(f"{name}_medium, {name}_high: {medium} and {high}; 0 < medium < high < 1 is needed")


USUAL = MicroBands()


def micro_segments(people: pd.DataFrame, floor: int, bands: MicroBands = USUAL) -> pd.DataFrame:
    """The micro-segment of every customer with a persona.

    Args:
        people: customer_id, persona_id (negative: none, left out), churn_probability and ltv_amount (null: not scored),
            cart_adds_7d, product_views_7d, sessions_7d.
        floor: customers from which a micro-segment may be acted on.
        bands: bounds of the bands.

    Returns:
        `COLUMNS`; `micro_segment` reads `2/churn low/value high/intent warm`. Intent is `hot` with an addition to the
        cart in seven days, `warm` with a visit, else `cold`. Bands of who has no score are `unknown`.
    """
    if floor < 1:
        raise ValueError(f"floor: {floor}; it must be at least 1")
    own = people.loc[people["persona_id"] >= 0].reset_index(drop=True)
    churn = _banded(numbers(own, ["churn_probability"])[:, 0], bands.churn_medium, bands.churn_high)
    value = _value_bands(own, bands)
    intent = _intent(own)
    names = [
        f"{persona}/churn {risk}/value {worth}/intent {wish}"
        for persona, risk, worth, wish in zip(own["persona_id"], churn, value, intent, strict=True)
    ]
    found = own[["customer_id", "persona_id"]].assign(churn_band=churn, value_band=value, intent=intent)
    found["micro_segment"] = pd.Series(names, dtype="str")
    found["customers"] = found.groupby("micro_segment")["customer_id"].transform("size").astype("int64")
    return found.assign(is_large=found["customers"] >= floor)[list(COLUMNS)]


def _value_bands(own: pd.DataFrame, bands: MicroBands) -> np.ndarray:
    """By the spread among customers with a persona: everybody who never ordered is expected to spend the same."""
    expected = numbers(own, ["ltv_amount"])[:, 0]
    scored = expected[np.isfinite(expected)]
    if len(scored) == 0:
        return np.full(len(own), UNKNOWN, dtype=object)
    medium, high = np.quantile(scored, [bands.value_medium, bands.value_high])
    return _banded(expected, float(medium), float(high))


def _banded(values: np.ndarray, medium: float, high: float) -> np.ndarray:
    choices = [~np.isfinite(values), values >= high, values >= medium]
    return np.select(choices, [UNKNOWN, "high", "medium"], default="low").astype(object)


def _intent(own: pd.DataFrame) -> np.ndarray:
    carts, views, visits = np.nan_to_num(numbers(own, ["cart_adds_7d", "product_views_7d", "sessions_7d"])).T
    return np.select([carts > 0, (views > 0) | (visits > 0)], ["hot", "warm"], default="cold").astype(object)
