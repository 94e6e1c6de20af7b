"""Which records are compared: those that share a block, of which a crowded one takes only its first arrivals."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from ml.matching.names import sound
from ml.matching.text import by_distinct

BLOCK_LIMIT: Final = 60
"""Records of a block that are compared with each other.

The earliest by arrival, so that a record that comes later changes nothing for those before. More than this share a
block only where a value is a placeholder or says little.
"""

RULES: Final[dict[str, tuple[str, ...]]] = {
    "email": ("email",),
    "phone": ("phone",),
    "born_family": ("birth_date", "sound"),
    "born_given": ("birth_date", "initial"),
    "born_initials": ("birth_date", "initials"),
    "born_area": ("birth_date", "area"),
    "born_house": ("birth_date", "house"),
    "names_year": ("sounds", "year"),
    "names_town": ("sounds", "town"),
    "postal_family": ("postal", "sound"),
    "postal_given": ("postal", "opening"),
    "street_postal": ("road", "house", "postal"),
    "street_given": ("road", "house", "initial"),
}
"""Each block by the values that its records share; a record that lacks one of them is not in it.

Chosen for recall: 98 to 99 % of the true pairs of the FEBRL sets share a block (benchmarks/matching.py), with fewer
than ten comparisons a record.
"""


def block_keys(normal: pd.DataFrame, arrival: npt.NDArray[np.int64]) -> pd.DataFrame:
    """A nullable integer for each rule of `RULES`; equal where two records are to be compared.

    Args:
        normal: normalised records.
        arrival: rank of each record by arrival, all different.
    """
    parts = _parts(normal)
    codes = {name: pd.factorize(parts[name])[0].astype(np.int64) for name in parts}
    return pd.DataFrame({rule: _block([codes[name] for name in names], arrival) for rule, names in RULES.items()})


def _parts(normal: pd.DataFrame) -> dict[str, pd.Series]:
    given = pd.Series(by_distinct(pa.array(normal["formal"], pa.string()), sound).to_pandas(), index=normal.index)
    return {
        **{name: normal[name] for name in ("email", "phone", "birth_date", "sound", "house", "postal")},
        "initial": normal["given"].str[:1],
        "opening": normal["given"].str[:3],
        "initials": _either_way(normal["given"].str[:1], normal["family"].str[:1]),
        "sounds": _either_way(given, normal["sound"]),
        "area": normal["postal"].str[:3],
        "town": normal["city"].str[:4],
        "year": normal["birth_date"].str[:4],
        "road": normal["street"].str[:5],
    }


def _either_way(first: pd.Series, second: pd.Series) -> pd.Series:
    """Both values, the same whichever stands in which column; null unless both are given."""
    one, other = first.fillna(""), second.fillna("")
    joined = (one + "|" + other).where(one < other, other + "|" + one)
    return joined.where(first.notna() & second.notna())


def _block(codes: list[npt.NDArray[np.int64]], arrival: npt.NDArray[np.int64]) -> pd.Series:
    present = np.logical_and.reduce([part >= 0 for part in codes])
    rows = np.flatnonzero(present)
    key = codes[0][rows]
    for part in codes[1:]:
        key = pd.factorize(key * (int(part.max(initial=0)) + 1) + part[rows])[0].astype(np.int64)
    order = np.lexsort((arrival[rows], key))
    ordered = key[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    sizes = np.diff(np.append(starts, len(ordered)))
    place = np.arange(len(ordered)) - np.repeat(starts, sizes)
    compared = (place < BLOCK_LIMIT) & (np.repeat(sizes, sizes) > 1)
    found = np.full(len(present), -1, dtype=np.int64)
    found[rows[order[compared]]] = ordered[compared]
    return pd.Series(found, dtype="Int64").mask(found < 0)
