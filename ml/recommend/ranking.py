"""The shape every recommendation list has."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd

COLUMNS: Final = ("customer_id", "task", "rank", "product_id", "score", "reason")
TOP: Final = 10


def ranked(scored: pd.DataFrame, task: str, top: int) -> pd.DataFrame:
    """The best `top` rows a customer, ranked from 1; equal scores in order of product id.

    Args:
        scored: customer_id, product_id, score, reason; one row a pair. Rows without a finite positive score go.

    Returns:
        `COLUMNS`, sorted by customer and rank.
    """
    usable = scored.loc[np.isfinite(scored["score"]) & scored["score"].gt(0)]
    ordered = usable.sort_values(["customer_id", "score", "product_id"], ascending=[True, False, True])
    places = ordered.groupby("customer_id").cumcount() + 1
    listed: pd.DataFrame = ordered.assign(task=task, rank=places).loc[places <= top, list(COLUMNS)]
    return listed.reset_index(drop=True)


def days_since(times: pd.Series, as_of: datetime) -> pd.Series:
    """Days from each instant to `as_of`, never negative; naive instants are UTC."""
    at = pd.Timestamp(as_of)
    at = at.tz_localize("UTC") if at.tzinfo is None else at.tz_convert("UTC")
    return ((at - pd.to_datetime(times, utc=True)) / pd.Timedelta(days=1)).clip(lower=0.0)


def as_counts(values: pd.Series) -> pd.Series:
    """Numbers as floats, missing as 0."""
    return pd.to_numeric(values).astype("float64").fillna(0.0)


def recently_bought(customer_product: pd.DataFrame, as_of: datetime, days: float | pd.Series) -> pd.DataFrame:
    """customer_id and product_id of what was bought within the last `days` days (one number, or one a row)."""
    recent = days_since(customer_product["last_ordered_at"], as_of) <= days
    return customer_product.loc[recent, ["customer_id", "product_id"]]


def without(scored: pd.DataFrame, owned: pd.DataFrame) -> pd.DataFrame:
    """Rows of `scored` whose customer and product are not among `owned`."""
    keys = ["customer_id", "product_id"]
    marked = scored.merge(owned[keys].drop_duplicates(), on=keys, how="left", indicator="_owned")
    return marked.loc[marked["_owned"] == "left_only"].drop(columns="_owned")
