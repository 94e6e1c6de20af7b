"""Pairwise precision, recall and F1 of a clustering, from the contingency table."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd


class PairwiseQuality(NamedTuple):
    """Of all pairs put together, the share that belongs together; of all that belong together, the share found.

    All three are 1.0 where there is no pair to judge. Definition: Christen, Data Matching (2012), section 7.2.
    """

    precision: float
    recall: float
    f1: float


def pairwise_quality(found: pd.Series, true: pd.Series) -> PairwiseQuality:
    """Compare two labellings of the same items, in the same order.

    Args:
        found: cluster of each item.
        true: person of each item.

    Raises:
        ValueError: the labellings differ in length.
    """
    if len(found) != len(true):
        raise ValueError(f"found has {len(found)} items, true has {len(true)}")
    frame = pd.DataFrame({"found": found.to_numpy(), "true": true.to_numpy()})
    together = _pairs(frame.groupby(["found", "true"]).size())
    put, belong = _pairs(frame.groupby("found").size()), _pairs(frame.groupby("true").size())
    precision = together / put if put else 1.0
    recall = together / belong if belong else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return PairwiseQuality(precision, recall, f1)


def _pairs(sizes: pd.Series) -> int:
    return int((sizes * (sizes - 1) // 2).sum())
