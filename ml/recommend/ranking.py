"""The shape every recommendation list has."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]
Names = npt.NDArray[np.object_]
TOP: Final = 10


class Listed(NamedTuple):
    """Lists of one task, one entry a customer and rank, in order of both; texts are told by their places.

    Attributes:
        task: name of the lists.
        row: place of the customer among those asked about.
        rank: from 1.
        product: place among `products`.
        score: above 0.
        reason: place among `reasons`.
        is_explored: whether the place learns rather than earns.
        products, reasons: texts.
    """

    task: str
    row: Integers
    rank: Integers
    product: Integers
    score: Floats
    reason: Integers
    is_explored: Flags
    products: Names
    reasons: Names


def nothing(task: str) -> Listed:
    """No list at all."""
    none, texts = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=object)
    return Listed(task, none, none, none, np.zeros(0), none, np.zeros(0, dtype=np.bool_), texts, texts)


def ranked(row: npt.ArrayLike, score: npt.ArrayLike, top: int) -> tuple[Integers, Integers]:
    """Entries with the `top` best scores of each row, and their ranks from 1.

    Args:
        row: numbers of customers, in rising order; of equal scores the earlier entry comes first.
        score: entries without a finite positive score go.
    """
    scores = np.asarray(score, dtype=np.float64)
    usable = np.flatnonzero(np.isfinite(scores) & (scores > 0))
    groups = np.asarray(row, dtype=np.int64)[usable]
    order = np.lexsort((-scores[usable], groups))
    places = places_within(groups[order])
    kept = places <= top
    return usable[order[kept]], places[kept]


def places_within(groups: Integers) -> Integers:
    """1, 2, … within each run of equal numbers."""
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    lengths = np.diff(starts, append=len(groups))
    return np.arange(1, len(groups) + 1) - np.repeat(starts, lengths)


def places_of(texts: Names, among: Names) -> Integers:
    """Place of each text among different ones, -1 where it is none of them; what they are is not guessed at."""
    known = pd.Index(among, dtype=object)
    return np.asarray(known.get_indexer(pd.Index(texts, dtype=object)), dtype=np.int64)


def as_counts(values: pd.Series) -> pd.Series:
    """Numbers as floats, missing as 0."""
    return pd.to_numeric(values).astype("float64").fillna(0.0)
