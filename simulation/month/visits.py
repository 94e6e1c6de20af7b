"""Who visits within one hour, when and on what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from simulation.arrays import F64, I64
from simulation.month.planted import CONTEXTS
from simulation.month.shoppers import OTHER_DEVICE_SHARE, Shoppers
from simulation.randomness import stream

# Share of a day's visits by local hour, 0 to 23: little at night, a lunch bump, an evening peak.
_BY_HOUR = np.array([1, 1, 0.5, 0.5, 0.5, 1, 2, 4, 5, 5, 5, 6, 7, 6, 5, 5, 5, 6, 7, 9, 10, 9, 6, 3], dtype=np.float64)
# Monday to Sunday.
_BY_WEEKDAY = np.array([0.95, 0.92, 0.92, 0.95, 1.02, 1.12, 1.12])
HOUR_SHARES = _BY_HOUR / _BY_HOUR.sum()


@dataclass(frozen=True)
class Visits:
    """Visits of one hour in order of time: shopper, place of the device in `CONTEXTS`, seconds since the hour began."""

    shopper: I64
    device: I64
    at_s: F64

    def __len__(self) -> int:
        return len(self.shopper)


def draw_visits(shoppers: Shoppers, hour: datetime, zone: ZoneInfo, seed: int) -> Visits:
    """The visits of the hour that begins at `hour` (aware); a shopper comes at most once an hour.

    The hour of the day is the shop's local one, so that a day of 23 or 25 hours has an hour less or twice.
    """
    rng = stream(seed, f"month/visits/{hour.timestamp():.0f}")
    local = hour.astimezone(zone)
    chance = 1.0 - np.exp(-shoppers.rate * HOUR_SHARES[local.hour] * _BY_WEEKDAY[local.weekday()])
    come, at, other = rng.random((3, len(shoppers)))
    shopper = np.flatnonzero(come < chance)
    shopper = shopper[np.argsort(at[shopper], kind="stable")]
    moved = np.where(other < OTHER_DEVICE_SHARE, rng.integers(1, len(CONTEXTS), len(shoppers)), 0)
    device = (shoppers.device[shopper] + moved[shopper]) % len(CONTEXTS)
    # The last ten minutes stay free, so that a visit and its exposures lie within the hour.
    return Visits(shopper.astype(np.int64), device.astype(np.int64), at[shopper] * 3_000.0)
