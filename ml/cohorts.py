"""Acquisition cohorts: customers grouped by when their first order was, so that each group can be held out once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from ml.preprocess import numbers

COHORTS = 10
# Cross-validation of more than these gains no third digit and costs minutes.
MOST_CUSTOMERS = 20_000
# Trees of five to fifteen leaves learn no more from a million rows, and a final fit takes three times as long.
MOST_ROWS = 300_000


class Cohorts(NamedTuple):
    """Cohort 0 (earliest first order) to `COHORTS` - 1 of each row, and whether the row is in the sample for folds."""

    number: npt.NDArray[np.int64]
    sampled: npt.NDArray[np.bool_]


def acquisition_cohorts(frame: pd.DataFrame) -> Cohorts:
    """Ten groups of equal size in order of the first purchase; a customer is in one of them at every cut-off.

    The first purchase is `as_of` minus `days_since_first_order` (unknown: the earliest group). Equal days are told
    apart by the order of the rows, whatever the ids are. Of more than
    `MOST_CUSTOMERS` customers every n-th is sampled.
    """
    codes, first = _customers(frame)
    place = rankdata(first, method="ordinal").astype(np.int64) - 1
    step = -(-len(first) // MOST_CUSTOMERS) if len(first) else 1
    return Cohorts((place * COHORTS // max(len(first), 1))[codes], (place % step == 0)[codes])


def thinned(frame: pd.DataFrame, most_rows: int) -> pd.DataFrame:
    """All rows of every n-th customer, so that about `most_rows` are left; the frame itself where they are fewer."""
    step = -(-len(frame) // most_rows) if len(frame) else 1
    return frame if step == 1 else frame.loc[np.asarray(pd.factorize(frame["customer_id"])[0]) % step == 0]


def _customers(frame: pd.DataFrame) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    codes, names = pd.factorize(frame["customer_id"])
    day = (pd.to_datetime(frame["as_of"], utc=True) - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=1)
    if "days_since_first_order" in frame.columns:
        day = day - np.nan_to_num(numbers(frame, ["days_since_first_order"])[:, 0], nan=1e5)
    first = np.full(len(names), np.inf)
    np.minimum.at(first, codes, np.round(day.to_numpy(dtype=np.float64)))
    return np.asarray(codes, dtype=np.int64), first
