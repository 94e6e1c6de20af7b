"""A shop in which the response to every arm in every cell is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """Truth by segment and context (C cells, segments outermost) and arm (A).

    Attributes:
        segments: how many; contexts are C / segments.
        traffic: impressions of an hour by cell, on average, shape (C,).
        conversion: chance that an impression converts, by period, shape (periods, C, A).
        margin: what a conversion brings before incentives, currency units, shape (C, A).
        cost: incentive of a conversion, currency units, shape (A,).
        lifetime: change of lifetime value an impression makes, currency units, shape (C, A).
        spread: sigma of the lognormal around a conversion's margin.
        delay_hours: mean time from impression to conversion (exponential).
        period_starts: hour in which each period starts, the first 0.
        day_spread: standard deviation of a day's factor on every conversion.
    """

    segments: int
    traffic: Floats
    conversion: Floats
    margin: Floats
    cost: Floats
    lifetime: Floats
    spread: float = 0.7
    delay_hours: float = 12.0
    period_starts: tuple[int, ...] = (0,)
    day_spread: float = 0.05

    @property
    def cells(self) -> int:
        """How many cells."""
        return self.traffic.size

    @property
    def arms(self) -> tuple[str, ...]:
        """Names of the arms."""
        return tuple(f"arm_{number}" for number in range(self.cost.size))

    def period(self, hour: int) -> int:
        """Which truth holds in an hour."""
        return sum(start <= hour for start in self.period_starts) - 1

    def value(self, hour: int) -> Floats:
        """Expected margin of an impression in an hour, shape (C, A), without the day's factor."""
        return np.asarray(self.conversion[self.period(hour)] * (self.margin - self.cost), dtype=np.float64)


def seasonal_traffic(hour: int) -> float:
    """Factor on an hour's impressions: three times as many in the evening as at night, weekends a fifth more."""
    of_day = 1.0 + 0.5 * float(np.sin((hour % 24 - 9) / 24 * 2 * np.pi))
    return of_day * (1.2 if hour // 24 % 7 >= 5 else 1.0)
