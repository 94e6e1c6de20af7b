"""The customers of the small company: how often they come, when they leave, what they like, what moves them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulation.arrays import F64, I64
from simulation.company_catalogue import DEPARTMENTS
from simulation.randomness import stream

LEAVER_SHARE = 0.38
MEAN_ORDERS_PER_DAY = 1 / 6.5
_FADE_DAYS = 35


class Households(NamedTuple):
    """One entry a household. `taste` (households x departments) sums to 1; `sensitivity` is 0 to 1."""

    rate_per_day: F64
    joined_day: I64
    left_day: I64
    basket_size: F64
    taste: F64
    sensitivity: F64


def draw_households(customers: int, days: int, seed: int) -> Households:
    """Most households are there in the first tenth of the period; 38 % leave at some day after joining."""
    rng = stream(seed, "households")
    early = rng.random(customers) < 0.8
    joined = np.where(early, rng.random(customers) * 0.1, rng.random(customers) * 0.7) * days
    stays = rng.random(customers) >= LEAVER_SHARE
    left = np.where(stays, 10 * days, joined + (days - joined) * rng.uniform(0.15, 1.1, customers))
    shares = np.array([item.share for item in DEPARTMENTS])
    return Households(
        rate_per_day=rng.gamma(1.6, MEAN_ORDERS_PER_DAY / 1.6, customers) + 0.01,
        joined_day=joined.astype(np.int64),
        left_day=left.astype(np.int64) + 1,
        basket_size=rng.gamma(2.0, 2.2, customers) + 0.5,
        taste=rng.dirichlet(shares * 6.0, customers),
        sensitivity=rng.beta(1.2, 1.4, customers),
    )


def orders_per_day(households: Households, days: int, seed: int) -> I64:
    """Orders by household and day (households x days); each household has at least one, the first and last day too.

    Visits fade over the five weeks before a household leaves, and weekends are busier.
    """
    rng, day = stream(seed, "visits"), np.arange(days)[None, :]
    here = (day >= households.joined_day[:, None]) & (day < households.left_day[:, None])
    fade = np.clip((households.left_day[:, None] - day) / _FADE_DAYS, 0.25, 1.0)
    weekend = np.where(day % 7 >= 5, 1.35, 0.86)
    counts = rng.poisson(households.rate_per_day[:, None] * here * fade * weekend).astype(np.int64)
    missing = np.flatnonzero(counts.sum(axis=1) == 0)
    counts[missing, np.minimum(households.joined_day[missing], days - 1)] = 1
    # The span of the data must not depend on who happens to shop on its first and last day.
    counts[0, 0], counts[-1, -1] = max(1, counts[0, 0]), max(1, counts[-1, -1])
    return counts
