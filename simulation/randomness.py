"""Named random streams and opaque identifiers, both functions of one seed."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from simulation.arrays import I64

_MASK = (1 << 64) - 1


def stream(seed: int, name: str) -> np.random.Generator:
    """An independent generator per layer, so that drawing more in one layer changes no other.

    Raises:
        ValueError: the seed is negative.
    """
    if seed < 0:
        raise ValueError(f"seed: {seed} must be at least 0")
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def scrambled(seed: int, name: str, index: I64) -> NDArray[np.uint64]:
    """64-bit values that look random and never repeat within a name (splitmix64 is a bijection)."""
    salt = np.uint64((seed * 0x9E3779B97F4A7C15 + zlib.crc32(name.encode()) * 0xD1B54A32D192ED03) & _MASK)
    state = index.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + salt
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def opaque(seed: int, name: str, index: I64, prefix: str) -> list[str]:
    """Identifiers such as `ck-00c3…` (prefix and 16 hex digits), unique within a name."""
    return [f"{prefix}{value:016x}" for value in scrambled(seed, name, index).tolist()]
