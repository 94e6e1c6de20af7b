"""Reproducible chance: the same unit draws the same number for the same salt, for ever."""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

_BITS = 53


class Draw(NamedTuple):
    """Rank (from 0) of the candidate taken, how likely that was, and whether chance overruled the best one."""

    rank: int
    propensity: float
    explored: bool


def uniform(unit: str, placement: str, salt: str) -> float:
    """A number in [0, 1) with 53 random bits, from unit, placement and salt alone."""
    digest = blake2b("\x1f".join((unit, placement, salt)).encode(), digest_size=8).digest()
    return float((int.from_bytes(digest) >> (64 - _BITS)) / (1 << _BITS))


def draw_best(candidates: int, explore_share: float, u: float) -> Draw:
    """Pick among candidates of which the first is best: p = ε/K + (1 - ε)·1[first].

    Args:
        candidates: K, at least 1.
        explore_share: ε, 0 to 1.
        u: a uniform draw in [0, 1).
    """
    floor = explore_share / candidates
    if u >= explore_share:
        return Draw(0, 1.0 - explore_share + floor, explored=False)
    rank = min(int(u / explore_share * candidates), candidates - 1)
    return Draw(rank, floor + (1.0 - explore_share if rank == 0 else 0.0), explored=rank != 0)
