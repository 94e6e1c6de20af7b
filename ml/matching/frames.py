"""Records made ready for comparison."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.matching.blocking import block_keys
from ml.matching.normalise import ROLES, normalise

Whole = npt.NDArray[np.int64]


def arrival_rank(records: pd.DataFrame) -> Whole:
    """Place of each record in the order of arrival; at one instant by identifier, then by what it says."""
    order = np.lexsort((_content(records), records["identifier_key"].to_numpy(), moments(records)))
    rank = np.empty(len(records), dtype=np.int64)
    rank[order] = np.arange(len(records))
    return rank


def _content(records: pd.DataFrame) -> npt.NDArray[np.uint64]:
    """A hash of what a record says, only where one identifier has several at one instant."""
    again = records.duplicated(["identifier_key", "received_at"], keep=False).to_numpy()
    said = [role for role in ROLES if role in records]
    hashes = np.zeros(len(records), dtype=np.uint64)
    if again.any() and said:
        hashes[again] = pd.util.hash_pandas_object(records.loc[again, said], index=False).to_numpy()
    return hashes


def moments(records: pd.DataFrame) -> Whole:
    """`received_at` in microseconds."""
    return np.asarray(pd.DatetimeIndex(records["received_at"]).as_unit("us").asi8)


def compared_records(records: pd.DataFrame) -> pd.DataFrame:
    """Normalised roles, a `block_…` column for each rule, and `row`, the record's position."""
    normal = normalise(records)
    blocks = block_keys(normal, arrival_rank(records)).add_prefix("block_")
    row = pd.DataFrame({"row": np.arange(len(records))}, index=records.index)
    return pd.concat([row, normal, blocks], axis=1).reset_index(drop=True)
