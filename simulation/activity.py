"""How interested each person is in each week: the link between browsing and real purchases."""

from __future__ import annotations

import numpy as np

from simulation.arrays import DAY_US, F64, I64
from simulation.orders import Orders
from simulation.people import People
from simulation.randomness import stream

WEEK_US = 7 * DAY_US
# Interest looks four weeks back and, weaker, six weeks ahead: it wanes before a household's last order, noisily.
_BACK = (1.0, 0.9, 0.7, 0.5)
_AHEAD = (1.0, 0.9, 0.75, 0.6, 0.45, 0.3)
_FLOOR = 0.04
_PERSISTENCE, _NOISE = 0.7, 0.45


def weekly_interest(orders: Orders, people: People, seed: int) -> F64:
    """Interest by person and week (people x weeks), mean about the person's orders a week.

    A kernel over the weeks around, normalised by the weeks that exist (so the end of the data looks like any other
    week), times AR(1) log-normal noise (0.7 week to week, innovations of 0.45) that hides the future from a single
    week's count. Zero before the person joined.
    """
    weeks = -(-orders.days // 7)
    week = np.minimum((orders.order_at_us - orders.start_us) // WEEK_US, weeks - 1)
    counts = np.bincount(orders.order_person * weeks + week, minlength=orders.people * weeks)
    smooth = _smooth(counts.reshape(orders.people, weeks).astype(np.float64))
    noise = _noise(stream(seed, "interest"), orders.people, weeks)
    active = np.arange(weeks)[None, :] >= ((people.joined_us - orders.start_us) // WEEK_US)[:, None]
    return (smooth + _FLOOR) * np.exp(noise) * active


def interest_at(interest: F64, orders: Orders, person: I64, at_us: I64) -> F64:
    """Each person's interest in the week of each time."""
    week = np.clip((at_us - orders.start_us) // WEEK_US, 0, interest.shape[1] - 1)
    return interest[person, week]


def _smooth(counts: F64) -> F64:
    kernel = [(-back, weight) for back, weight in enumerate(_BACK)]
    kernel += list(enumerate(_AHEAD, start=1))
    total, mass, weeks = np.zeros_like(counts), np.zeros(counts.shape[1]), counts.shape[1]
    for shift, weight in kernel:
        here = np.arange(max(0, -shift), min(weeks, weeks - shift))
        total[:, here] += weight * counts[:, here + shift]
        mass[here] += weight
    return total / mass


def _noise(rng: np.random.Generator, people: int, weeks: int) -> F64:
    shocks = rng.normal(0.0, _NOISE, (people, weeks))
    level = shocks[:, 0] / np.sqrt(1 - _PERSISTENCE**2)
    path = np.empty_like(shocks)
    for week in range(weeks):
        level = level if week == 0 else _PERSISTENCE * level + shocks[:, week]
        path[:, week] = level
    return path - _NOISE**2 / (1 - _PERSISTENCE**2) / 2
