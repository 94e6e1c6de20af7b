"""Training frames in time: which rows may teach, which judge, and that no label window overlaps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.errors import NotTrainable

# What customers did tells rows apart before their ids do, which depend on the data folder's secret key: samples, folds
# and sums follow the order of the rows.
BEHAVIOUR = ("last_seen_at", "spend_lifetime", "orders_lifetime", "days_since_first_order", "recency_days")
# Fewer rows carry no model of some fifty features; a shop that small is served by its averages.
LEAST_ROWS = 100


@dataclass(frozen=True)
class CutoffSplit:
    """Rows in the order of `in_order`: those that teach, those that judge, and all of them for the final fit."""

    train: pd.DataFrame
    judge: pd.DataFrame
    everything: pd.DataFrame

    @property
    def train_cutoffs(self) -> list[str]:
        """Training cut-offs, ISO dates."""
        return cutoff_dates(self.train)


def split_at(frame: pd.DataFrame, label: str, judge: datetime, horizon_days: int) -> CutoffSplit:
    """Cut a training frame at `judge`.

    Rows teach when their label window has ended by `judge`, so no day is both learned from and judged on. Rows
    without a label, and customers without an order before the cut-off (they cannot stop buying), are left out.

    Args:
        frame: customer_id, as_of (UTC), features, `label`, one row a customer and cut-off.
        label: label column.
        judge: the later cut-off; naive means UTC.
        horizon_days: length of the label window in days.

    Raises:
        NotTrainable: too few rows on either side.
    """
    at = pd.Timestamp(judge)
    at = at.tz_localize("UTC") if at.tzinfo is None else at.tz_convert("UTC")
    usable = frame.loc[frame[label].notna() & has_ordered(frame)]
    usable = in_order(usable.assign(as_of=pd.to_datetime(usable["as_of"], utc=True)))
    ended = usable["as_of"] + pd.Timedelta(days=horizon_days)
    split = CutoffSplit(usable.loc[ended <= at], usable.loc[usable["as_of"] == at], usable)
    for name, rows in (("training", split.train), ("judging", split.judge)):
        if len(rows) < LEAST_ROWS:
            raise NotTrainable(
                f"{name}: {len(rows)} rows with a {horizon_days}-day label around {at.date()}; "
                f"at least {LEAST_ROWS} are needed"
            )
    return split


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows by cut-off (where there are several), then by what customers did, last by id, renumbered."""
    names = [name for name in ("as_of", *BEHAVIOUR) if name in frame.columns]
    return frame.sort_values([*names, "customer_id"], ignore_index=True)


def has_ordered(frame: pd.DataFrame) -> pd.Series:
    """Whether each customer has an order so far; everybody where the frame does not say."""
    if "orders_lifetime" not in frame.columns:
        return pd.Series(True, index=frame.index)
    return pd.to_numeric(frame["orders_lifetime"]).fillna(0).gt(0)


def cutoff_dates(frame: pd.DataFrame) -> list[str]:
    """Distinct cut-offs, ISO dates, oldest first."""
    return sorted({str(at.date()) for at in frame["as_of"]})


def latest_rows(frame: pd.DataFrame, cutoffs: int) -> npt.NDArray[np.bool_]:
    """Rows of the last few cut-offs: the shop as it is now, with the longest history."""
    last = sorted(set(frame["as_of"]))[-cutoffs:]
    return np.asarray(frame["as_of"].isin(last), dtype=np.bool_)
