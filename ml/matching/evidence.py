"""What speaks for a pair: the roles in which its records agree, and whether any of it is the person's own."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.matching.veto import compatible_dates, compatible_names

Mask = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]

_SHOWN: Final = ("given", "formal", "family", "street", "house", "postal", "city", "birth_date", "email", "phone")


def sides(normal: pd.DataFrame, a: Whole, b: Whole) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The two records of each pair."""
    shown = normal[list(_SHOWN)]
    return shown.iloc[a].reset_index(drop=True), shown.iloc[b].reset_index(drop=True)


def agreeing(normal: pd.DataFrame, a: Whole, b: Whole) -> pd.Series:
    """Names of the compared columns that are equal, joined by spaces; no values."""
    left, right = sides(normal, a, b)
    names = pd.Series("", index=left.index, dtype="str")
    for column in _SHOWN:
        equal = (left[column] == right[column]).fillna(False).astype(bool)
        names = names.where(~equal, names + " " + column)
    return names.str.strip()


def personal(normal: pd.DataFrame, a: Whole, b: Whole) -> Mask:
    """Where something that is a person's own agrees: first name, birth date, e-mail or phone.

    Family name and address alone are what two people of one household share.
    """
    left, right = sides(normal, a, b)
    named = _both(left, right, "given") & compatible_names(left, right)
    born = _both(left, right, "birth_date") & compatible_dates(left, right)
    contact = _equal(left, right, "email") | _equal(left, right, "phone")
    return np.asarray(named | born | contact)


def _both(left: pd.DataFrame, right: pd.DataFrame, column: str) -> Mask:
    return np.asarray(left[column].notna() & right[column].notna(), dtype=bool)


def _equal(left: pd.DataFrame, right: pd.DataFrame, column: str) -> Mask:
    return np.asarray((left[column] == right[column]).fillna(False), dtype=bool)
