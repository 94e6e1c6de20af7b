"""Pairs that candidates would bring together indirectly, found in the order in which the candidates became known."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[np.int64]

LARGEST_JOIN: Final = 10_000
"""Pairs looked at when two clusters meet; clusters that large are an error of the data that no veto mends."""


class Joined(NamedTuple):
    """Pairs of rows that a candidate brought into one cluster, and that candidate's position."""

    a: Whole
    b: Whole
    via: Whole


def joined_pairs(rows: int, a: Whole, b: Whole) -> Joined:
    """All pairs that are in one cluster but are no candidates that joined it.

    Args:
        rows: number of records.
        a: the one row of each candidate, candidates in order of the moment they became known.
        b: the other row.

    Returns:
        Each pair once, with the candidate whose arrival made it one cluster: what is known at a moment depends on
        the candidates known by then, whatever comes later.
    """
    label = np.arange(rows)
    members: dict[int, list[int]] = {}
    found: list[tuple[list[int], list[int], int]] = []
    for position, (one, other) in enumerate(zip(a.tolist(), b.tolist(), strict=True)):
        first, second = int(label[one]), int(label[other])
        if first == second:
            continue
        left, right = members.pop(first, [first]), members.pop(second, [second])
        if 1 < len(left) * len(right) <= LARGEST_JOIN:
            found.append((left.copy(), right, position))
        small, large, name = (right, left, first) if len(left) >= len(right) else (left, right, second)
        for row in small:
            label[row] = name
        members[name] = large + small
    return _crossed(found)


def _crossed(found: list[tuple[list[int], list[int], int]]) -> Joined:
    parts = [
        (np.repeat(left, len(right)), np.tile(right, len(left)), np.full(len(left) * len(right), position))
        for left, right, position in found
    ]
    if not parts:
        return Joined(*(np.array([], dtype=np.int64) for _ in range(3)))
    a, b, via = (np.concatenate(columns).astype(np.int64) for columns in zip(*parts, strict=True))
    return Joined(np.minimum(a, b), np.maximum(a, b), via)
