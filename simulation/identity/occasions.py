"""When people do things."""

from __future__ import annotations

import numpy as np

from simulation.arrays import F64, HOUR_US, I64, SECOND_US
from simulation.identity.population import Period


def moments(rng: np.random.Generator, period: Period, person: I64, per_year: float | F64) -> tuple[I64, I64]:
    """People and times (whole seconds) at a yearly rate, after the first two hours, when the first export lands."""
    counts = rng.poisson(np.broadcast_to(per_year, len(person)) * period.years)
    who = np.repeat(person, counts)
    start = period.start_us + 2 * HOUR_US
    at_us = start + (rng.random(len(who)) * (period.end_us - start - HOUR_US)).astype(np.int64)
    return who.astype(np.int64), at_us // SECOND_US * SECOND_US
