"""Columns of the click model: levels of attributes that sum to nothing, and places in the list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
# A level of fewer items shown is luck; the rarest beyond the twelfth would only widen every interval.
LEAST_SHOWN: Final = 200
MOST_LEVELS: Final = 12
# Further down a list hardly anything is seen: these places share one effect.
MOST_PLACES: Final = 20
# Places are drawn towards the first one 25 times less than attributes: what they explain must be taken out whole.
PLACE_SCALE: Final = 5.0


class Design(NamedTuple):
    """Which levels are told apart, and how many places.

    Attributes:
        levels: attribute → its levels, the most shown first; at least two each.
        places: positions told apart, the first among them.
    """

    levels: Mapping[str, tuple[str, ...]]
    places: int

    @property
    def width(self) -> int:
        """Columns of the matrix."""
        return sum(len(own) - 1 for own in self.levels.values()) + self.places - 1

    def codes(self, frame: pd.DataFrame) -> dict[str, Whole]:
        """Attribute → place of each row's level, -1 where it is unknown or not told apart."""
        return {
            name: np.asarray(pd.Index(own).get_indexer(pd.Index(frame[name])), dtype=np.int64)
            for name, own in self.levels.items()
        }

    def matrix(self, frame: pd.DataFrame) -> Floats:
        """Shape (rows, width): sum-coded levels, then a column for each place but the first.

        An unknown level is the mean of all levels: zero in every column.
        """
        parts = []
        for name, codes in self.codes(frame).items():
            coded = np.vstack([contrasts(len(self.levels[name])), np.zeros(len(self.levels[name]) - 1)])
            parts.append(coded[codes])
        place = np.minimum(frame["position"].to_numpy(dtype=np.int64), self.places) - 1
        parts.append(PLACE_SCALE * np.eye(self.places)[place][:, 1:])
        return np.hstack(parts)

    def blocks(self) -> dict[str, slice]:
        """Attribute → its columns."""
        found, start = {}, 0
        for name, own in self.levels.items():
            found[name] = slice(start, start + len(own) - 1)
            start += len(own) - 1
        return found


def contrasts(levels: int) -> Floats:
    """Effects of all levels from one fewer weights: rows sum to zero. Shape (levels, levels - 1)."""
    return np.vstack([np.eye(levels - 1), -np.ones(levels - 1)])


def design_of(frame: pd.DataFrame, attributes: Sequence[str]) -> Design:
    """Levels that are shown often enough, and the places that are.

    Args:
        frame: a column for each attribute (null where unknown) and `position`, from 1.
    """
    levels = {}
    for name in attributes:
        counts = frame[name].dropna().astype(str).value_counts()
        ranked = sorted(counts.index, key=lambda level: (-int(counts[level]), level))
        common = tuple(level for level in ranked if counts[level] >= LEAST_SHOWN)[:MOST_LEVELS]
        if len(common) > 1:
            levels[name] = common
    return Design(levels, int(min(frame["position"].max(), MOST_PLACES)))
