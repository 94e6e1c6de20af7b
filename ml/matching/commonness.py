"""How common an equal value is: a name that every tenth customer has says less than one that nobody else has.

Term frequencies as in Fellegi and Sunter (1969) and Splink: the odds of a pair under an equal value are divided by how
much more often strangers agree on that value than on values of its kind. Counted are only records that had arrived
with the later one of the pair, so that no probability changes when records come later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.matching.frames import Whole
from ml.matching.model import Model, level_weights

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

CERTAIN: Final = 3.0
"""Standard errors by which a count is lowered: three others of one name among few records are chance."""

_DATE_DIGITS: Final = 8


@dataclass(frozen=True)
class Pairs:
    """Pairs of records: both sides, and of each pair the record that arrived later."""

    normal: pd.DataFrame
    rank: Whole
    a: Whole
    b: Whole

    @property
    def later(self) -> Whole:
        """Rows of the records that arrived second."""
        return np.where(self.rank[self.a] > self.rank[self.b], self.a, self.b)

    def equal(self, column: str) -> Mask:
        """Where both records have the value, the same."""
        values = self.normal[column]
        left, right = values.iloc[self.a].reset_index(drop=True), values.iloc[self.b].reset_index(drop=True)
        return np.asarray((left == right).fillna(False), dtype=bool)


def commonness(pairs: Pairs, model: Model) -> Floats:
    """For each pair what its odds are to be multiplied by, 1 or less: how common its equal values are in this file."""
    given, family, postal, city, born = (
        pairs.equal(column) for column in ("given", "family", "postal", "city", "birth_date")
    )
    formal = pairs.equal("formal") & ~given
    homes = pairs.equal("house") & (pairs.equal("street") | pairs.equal("postal"))
    factor = _of_value(pairs, "given", given, level_weights(model, "given", "the same").u)
    factor *= _of_value(pairs, "formal", formal, level_weights(model, "given", "nickname").u)
    # Under one roof people share a family name, however common it is elsewhere.
    factor *= _of_value(pairs, "family", family & ~homes, level_weights(model, "family", "the same").u)
    area = level_weights(model, "address", "postal code or city").u
    # One place counts once: of a postal code its city is part.
    factor *= _of_value(pairs, "postal", postal & ~homes, area)
    factor *= _of_value(pairs, "city", city & ~postal & ~homes, area)
    factor *= _of_value(pairs, "birth_date", born, level_weights(model, "birth_date", "the same").u)
    return factor * _of_near_dates(pairs, ~born, level_weights(model, "birth_date", _ONE_SLIP).u)


_ONE_SLIP: Final = "one slip, or day and month swapped"


def _of_value(pairs: Pairs, column: str, equal: Mask, usual: float) -> Floats:
    values = _codes(pairs.normal[column])
    return _factor(pairs, equal, _strangers(pairs, column, values), column, usual)


def _of_near_dates(pairs: Pairs, other: Mask, usual: float) -> Floats:
    """Where dates are one digit apart: how many others are as near, as among people born in the same few years."""
    dates = pairs.normal["birth_date"]
    left, right = (dates.iloc[side].reset_index(drop=True) for side in (pairs.a, pairs.b))
    digits = [np.asarray((left.str[place] != right.str[place]).fillna(True)) for place in range(_DATE_DIGITS)]
    near = other & (np.sum(digits, axis=0) == 1)
    if not near.any():
        return np.ones(len(near))
    same = _strangers(pairs, "birth_date", _codes(dates))
    around = np.zeros(len(dates), dtype=np.int64)
    for place in range(_DATE_DIGITS):
        blotted = _codes(dates.str[:place] + "_" + dates.str[place + 1 :])
        around += _strangers(pairs, "birth_date", blotted) - same
    return _factor(pairs, near, around, "birth_date", usual)


def _factor(pairs: Pairs, where: Mask, agreeing: Whole, column: str, usual: float) -> Floats:
    """`usual` over the share of the strangers before that agree, where that is surely more; 1 elsewhere."""
    rows = pairs.later[where]
    told = np.where(pairs.normal[column].isna(), -1, 0)
    surely = agreeing[rows] - CERTAIN * np.sqrt(agreeing[rows])
    share = surely / np.maximum(_strangers(pairs, column, told)[rows], 1)
    factor = np.ones(len(where))
    factor[where] = usual / np.maximum(usual, share)
    return factor


def _strangers(pairs: Pairs, column: str, values: Whole) -> Whole:
    """How many records of certainly other people with the same value had arrived before each record.

    Certainly other is who has another family name, or for family names another first name: else the records of one
    person would make their own values common.
    """
    names = _codes(pairs.normal["given" if column == "family" else "family"])
    return _earlier(pairs, values) - _earlier(pairs, values * (names.max(initial=0) + 2) + names)


def _codes(values: pd.Series) -> Whole:
    return np.asarray(pd.factorize(values)[0], dtype=np.int64)


def _earlier(pairs: Pairs, values: Whole) -> Whole:
    """How many records with the same value had arrived before each record."""
    order = np.argsort(pairs.rank)
    counted = pd.Series(values[order])
    found = np.empty(len(order), dtype=np.int64)
    found[order] = counted.groupby(counted, sort=False).cumcount().to_numpy()
    return found
