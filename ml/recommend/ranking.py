"""The shape every recommendation list has."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
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
    # Ids in order of their names, as numbers: sorting texts took most of the time of long lists.
    customer, _ = pd.factorize(usable["customer_id"], sort=True)
    product, _ = pd.factorize(usable["product_id"], sort=True)
    order = np.lexsort((product, -usable["score"].to_numpy(dtype=np.float64), customer))
    places = places_within(customer[order])
    kept = places <= top
    listed: pd.DataFrame = usable.iloc[order[kept]].assign(task=task, rank=places[kept])[list(COLUMNS)]
    return listed.reset_index(drop=True)


def places_within(groups: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """1, 2, … within each run of equal numbers."""
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    lengths = np.diff(starts, append=len(groups))
    return np.arange(1, len(groups) + 1) - np.repeat(starts, lengths)


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
