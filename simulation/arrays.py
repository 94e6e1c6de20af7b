"""Array types and units that every layer of the simulator shares.

Time inside the simulator is an integer count of microseconds since 1970-01-01T00:00:00Z, so that arithmetic is exact
and the same seed gives the same bytes on every machine.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

I64 = NDArray[np.int64]
F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

SECOND_US = 1_000_000
HOUR_US = 3_600 * SECOND_US
DAY_US = 24 * HOUR_US
# Eastern Standard Time all year: shoppers' evenings need no daylight-saving rule.
LOCAL_OFFSET_US = 5 * HOUR_US


def to_us(times: pd.Series[Any]) -> I64:
    """Naive-UTC timestamps of any resolution as microseconds since the epoch."""
    return times.to_numpy(dtype="datetime64[us]").astype(np.int64)


def timestamps(at_us: I64) -> pa.Array:
    """Microseconds since the epoch as an arrow timestamp[us, UTC] column."""
    return pa.array(at_us, type=pa.int64()).cast(pa.timestamp("us", tz="UTC"))


def labels(values: list[str] | NDArray[np.str_], codes: I64) -> pa.Array:
    """`values[code]` as an arrow string column; a negative code is null."""
    return pa.array(values, type=pa.string()).take(pa.array(codes, mask=codes < 0))


def numbers(values: F64 | I64, keep: Bool) -> pa.Array:
    """A numeric column that is null where `keep` is false."""
    return pa.array(values, mask=~keep)


def group_starts(sorted_codes: I64, groups: int) -> I64:
    """First position of each of `groups` codes in a sorted array, with the total length as an extra last entry."""
    return np.searchsorted(sorted_codes, np.arange(groups + 1)).astype(np.int64)


def positions_within(counts: I64) -> I64:
    """0, 1, 2 … within each block, for blocks of the given lengths laid end to end."""
    starts = np.cumsum(counts) - counts
    return np.arange(int(counts.sum()), dtype=np.int64) - np.repeat(starts, counts)
