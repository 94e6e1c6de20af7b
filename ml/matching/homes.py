"""Whether the people of a customer file share homes: what decides how much one contradiction between records weighs."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from ml.matching.frames import Whole
from ml.matching.veto import compatible_dates, compatible_names, pick

HOME: Final = ("house", "street", "area", "family")
FEWEST_PAIRS: Final = 50
"""Pairs of records under one address and family name that it takes to judge a file; below, homes count as shared."""

HOUSEMATES: Final = 0.05
"""Share of such pairs with another first name and another birth date up to which people live alone: slips alone make
1 % in the FEBRL sets, in a company with households 60 % are two people."""

RECORDS_COMPARED: Final = 8
"""Records of one home that are compared with each other."""


def home_of(normal: pd.DataFrame) -> pd.Series:
    """Number of each record's address and family name, null where one of them is unknown."""
    homes = normal.assign(area=normal["postal"].fillna(normal["city"]))[list(HOME)]
    number = homes.groupby(list(HOME), sort=False).ngroup()
    return number.where(homes.notna().all(axis=1)).astype("Int64")


def homes_are_shared(normal: pd.DataFrame) -> bool:
    """Whether records under one address and family name are often two people; also where too few can tell.

    Args:
        normal: normalised records, all that are known: a judgement on the file, not on a pair.
    """
    a, b = _pairs_at_home(normal)
    left, right = pick(normal, a), pick(normal, b)
    if len(a) < FEWEST_PAIRS:
        return True
    others = ~compatible_names(left, right) & ~compatible_dates(left, right)
    return float(np.mean(others)) > HOUSEMATES


def _pairs_at_home(normal: pd.DataFrame) -> tuple[Whole, Whole]:
    told = normal["given"].notna() & normal["birth_date"].notna()
    rows = pd.DataFrame({"home": home_of(normal), "row": np.arange(len(normal))})[told.to_numpy()].dropna()
    rows = rows[rows.groupby("home").cumcount() < RECORDS_COMPARED]
    rows = rows[rows.duplicated("home", keep=False)]
    pairs = rows.merge(rows, on="home", suffixes=("_a", "_b"))
    pairs = pairs[pairs["row_a"] < pairs["row_b"]]
    return pairs["row_a"].to_numpy(dtype=np.int64), pairs["row_b"].to_numpy(dtype=np.int64)
