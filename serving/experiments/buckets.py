"""Buckets as open experiment SDKs have them, and the part of a layer or a split that a bucket falls into."""

from __future__ import annotations

from collections.abc import Sequence

BUCKETS = 10_000
_OFFSET, _PRIME, _MASK = 0x811C9DC5, 0x01000193, 0xFFFFFFFF


def fnv32a(text: str) -> int:
    """FNV-1a of 32 bits over the UTF-8 bytes (Fowler, Noll, Vo; draft-eastlake-fnv)."""
    value = _OFFSET
    for byte in text.encode():
        value = ((value ^ byte) * _PRIME) & _MASK
    return value


def bucket(seed: str, value: str) -> int:
    """0 to 9,999, from seed and value alone: version 2 of the hash that open experiment SDKs share.

    Hashing the hash again takes away what neighbouring values have in common under FNV.
    """
    return fnv32a(str(fnv32a(seed + value))) % BUCKETS


def place(seed: str, value: str) -> float:
    """The bucket as a number in [0, 1)."""
    return bucket(seed, value) / BUCKETS


def split(weights: Sequence[float]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Upper ends of the parts of [0, 1), and the share that each part has exactly.

    Ends lie on the grid of buckets, so that a share of a third is 0.3333 and logged as such.

    Args:
        weights: above 0, of any sum.
    """
    total, so_far, before = sum(weights), 0.0, 0
    ends, shares = [], []
    for weight in weights:
        so_far += weight
        end = round(so_far / total * BUCKETS)
        ends.append(end / BUCKETS)
        shares.append((end - before) / BUCKETS)
        before = end
    return tuple(ends), tuple(shares)


def part_of(u: float, ends: Sequence[float]) -> int:
    """Index of the part that `u` in [0, 1) falls into; parts without room are passed over."""
    return next((index for index, end in enumerate(ends) if u < end), len(ends) - 1)
