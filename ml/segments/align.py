"""Lasting ids: a refitted segment keeps the id of the one whose customers it holds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from ml.segments.model import Labels


class Alignment(NamedTuple):
    """Ids of the new segments, the first unused id, and the share of customers that changed id."""

    ids: tuple[int, ...]
    next_id: int
    moved_share: float


def migration(before: Labels, after: Labels, rows: int, columns: int) -> Labels:
    """Customers by old segment index (rows) and new segment index (columns)."""
    counts = np.zeros((rows, columns), dtype=np.int64)
    np.add.at(counts, (before, after), 1)
    return counts


def align(before: Labels, after: Labels, k: int, old_ids: tuple[int, ...], next_id: int) -> Alignment:
    """Match new segments 0..k-1 to old ids so that as few customers as possible change (Hungarian method).

    Args:
        before: old segment index of each customer (position in `old_ids`).
        after: new segment index of the same customers.
    """
    counts = migration(before, after, len(old_ids), k)
    old, new = linear_sum_assignment(counts, maximize=True)
    # A pair without a common customer is no continuation; the new segment gets a new id.
    kept = {int(j): old_ids[int(i)] for i, j in zip(old, new, strict=True) if counts[i, j] > 0}
    ids = []
    for index in range(k):
        if index not in kept:
            kept[index] = next_id
            next_id += 1
        ids.append(kept[index])
    moved = np.array(old_ids)[before] != np.array(ids)[after]
    return Alignment(tuple(ids), next_id, float(moved.mean()))
