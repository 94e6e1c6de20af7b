"""The shoppers of the month: who they are to the shop, how often they come, and on what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulation.arrays import F64, I64, Bool
from simulation.month.planted import CONTEXTS
from simulation.randomness import opaque, stream

SHOPPERS = (50, 100_000)
VISITS_A_DAY = 0.6
# A shopper has a usual device; so often another one of the same person is at hand.
OTHER_DEVICE_SHARE = 0.15
_DEVICE_SHARES = (0.55, 0.36, 0.09)


@dataclass(frozen=True)
class Shoppers:
    """Arrays of one entry a shopper.

    `segment` is the place of the shopper's segment in the truth, `identifiers` what they are recognised by beside
    their cookies (type, value in clear; empty for strangers), `rate` the mean visits a day, `device` the usual one's
    place in `CONTEXTS`, `cookies` one for each device.
    """

    segment: I64
    identifiers: tuple[tuple[tuple[str, str], ...], ...]
    rate: F64
    device: I64
    cookies: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.segment)

    @property
    def is_known(self) -> Bool:
        """Who can be recognised from a visit to the next on another device."""
        return np.array([bool(pairs) for pairs in self.identifiers], dtype=np.bool_)


def draw_shoppers(
    known: Sequence[tuple[tuple[tuple[str, str], ...], int]], number: int, unknown: int, seed: int
) -> Shoppers:
    """Known customers first, then strangers.

    Args:
        known: identifiers in clear and the place of the segment of each customer who may come.
        number: shoppers in all, 50 to 100,000; with fewer than there are customers, so many drawn from them.
        unknown: place of the segment of strangers in the truth.
        seed: at least 0.

    Raises:
        ValueError: `number` is outside its bounds.
    """
    if not SHOPPERS[0] <= number <= SHOPPERS[1]:
        raise ValueError(f"customers: {number} is outside {SHOPPERS[0]} to {SHOPPERS[1]}")
    rng = stream(seed, "month/shoppers")
    chosen = np.sort(rng.permutation(len(known))[:number]).tolist()
    strangers = number - len(chosen)
    cookies = opaque(seed, "month/cookie", np.arange(number * len(CONTEXTS)), "mk-")
    return Shoppers(
        segment=np.array([known[at][1] for at in chosen] + [unknown] * strangers, dtype=np.int64),
        identifiers=tuple(known[at][0] for at in chosen) + ((),) * strangers,
        rate=VISITS_A_DAY * rng.gamma(2.0, 0.5, number),
        device=rng.choice(len(CONTEXTS), number, p=_DEVICE_SHARES).astype(np.int64),
        cookies=tuple(tuple(cookies[at * 3 : at * 3 + 3]) for at in range(number)),
    )
