"""Pairs that cannot be one person however alike they look: other first name, other birth date, father and son."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler
from rapidfuzz.process import cpdist

from ml.matching.names import all_names, formal_names

SAME_NAME: Final = 0.78
"""Jaro-Winkler similarity from which two first names are taken as spellings of one."""

SWAPPED_NAME: Final = 0.9
"""Similarity from which a first name is the other record's family name, written in the wrong column."""

MISSPELT_NICKNAME: Final = 0.88
"""Similarity from which a first name is one of the other's nicknames or formal names, misspelt."""

SLIPS: Final = 1
"""Slips that a birth date may hold, a wrong digit or two neighbours in wrong order; one more under the same names."""

_COLUMNS: Final = ["given", "formal", "family", "suffix", "street", "house", "birth_date"]

Mask = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]


def vetoes(normal: pd.DataFrame, a: Whole, b: Whole, *, strict: bool = True) -> pd.Series:
    """Why two records are two people, null where nothing speaks against one.

    Args:
        normal: normalised records.
        a: positions of the one side of each pair.
        b: positions of the other.
        strict: whether another first name or another birth date alone is another person, as among people who share
            homes; else only both together, as one of them is a slip where everybody lives alone.

    Returns:
        `birth_date`, `suffix`, `twins` (all the same but the first name) or `given_name`.
    """
    left, right = pick(normal, a), pick(normal, b)
    other_name, other_date = ~compatible_names(left, right), ~compatible_dates(left, right)
    if not strict:
        other_name, other_date = other_name & other_date, other_name & other_date
    alike = _same(left, right, "birth_date") & _same(left, right, "family")
    home = _same(left, right, "street") & _same(left, right, "house")
    reason = pd.Series(None, index=left.index, dtype=object)
    reason[other_name] = "given_name"
    reason[other_name & alike & home] = "twins"
    reason[_other(left, right, "suffix")] = "suffix"
    reason[other_date] = "birth_date"
    return reason


def pick(normal: pd.DataFrame, rows: Whole) -> pd.DataFrame:
    """What vetoes read of these records."""
    return normal[_COLUMNS].iloc[rows].reset_index(drop=True)


def compatible_names(left: pd.DataFrame, right: pd.DataFrame) -> Mask:
    """Where first names may be one person's: equal, nicknames, initials, spellings, swapped with the family name."""
    given_l, given_r = left["given"].fillna(""), right["given"].fillna("")
    compatible = np.array((given_l == given_r) | (given_l == "") | (given_r == ""), dtype=bool)
    doubtful = np.flatnonzero(~compatible)
    if not len(doubtful):
        return compatible
    one, other = given_l.to_numpy()[doubtful], given_r.to_numpy()[doubtful]
    family_l, family_r = (side["family"].fillna("").to_numpy()[doubtful] for side in (left, right))
    swapped = (_likeness(one, family_r) >= SWAPPED_NAME) | (_likeness(family_l, other) >= SWAPPED_NAME)
    related = np.fromiter((_related(x, y) for x, y in zip(one, other, strict=True)), dtype=bool, count=len(one))
    compatible[doubtful] = swapped | related | (_likeness(one, other) >= SAME_NAME)
    return compatible


def _likeness(one: npt.NDArray[np.object_], other: npt.NDArray[np.object_]) -> npt.NDArray[np.float32]:
    return np.asarray(cpdist(one, other, scorer=JaroWinkler.similarity))


def _related(one: str, other: str) -> bool:
    if set(one.split()) & set(other.split()) or formal_names(one) & formal_names(other):
        return True
    shorter, longer = sorted((one, other), key=len)
    a_letter_is_missing = len(longer) - len(shorter) == 1 and DamerauLevenshtein.distance(one, other) == 1
    return longer.startswith(shorter) or a_letter_is_missing or _misspelt_nickname(one, other)


def _misspelt_nickname(one: str, other: str) -> bool:
    pairs = [(one, name) for name in all_names(other)] + [(other, name) for name in all_names(one)]
    return any(JaroWinkler.similarity(word, name) >= MISSPELT_NICKNAME for word, name in pairs)


def compatible_dates(left: pd.DataFrame, right: pd.DataFrame) -> Mask:
    """Where birth dates may be one person's: equal, unknown, `SLIPS` apart, day and month swapped."""
    one, other = left["birth_date"].fillna("").to_numpy(), right["birth_date"].fillna("").to_numpy()
    compatible = np.array((one == other) | (one == "") | (other == ""), dtype=bool)
    doubtful = np.flatnonzero(~compatible)
    if not len(doubtful):
        return compatible
    first, second = one[doubtful], other[doubtful]
    swapped = np.array([date[:4] + date[6:] + date[4:6] for date in second], dtype=object)
    named_alike = (_same(left, right, "formal") & _same(left, right, "family")).to_numpy()[doubtful]
    slips = cpdist(first, second, scorer=DamerauLevenshtein.distance)
    compatible[doubtful] = (first == swapped) | (slips <= SLIPS + named_alike)
    return compatible


def _same(left: pd.DataFrame, right: pd.DataFrame, column: str) -> pd.Series:
    return (left[column] == right[column]).fillna(False).astype(bool)


def _other(left: pd.DataFrame, right: pd.DataFrame, column: str) -> pd.Series:
    return (left[column] != right[column]).fillna(False).astype(bool) & left[column].notna() & right[column].notna()
