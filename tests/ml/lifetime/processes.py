"""Customers drawn from the process that BG/NBD and MBG/NBD assume, purchase by purchase."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ml.lifetime.beta_geometric import BetaGeometric
from ml.lifetime.history import PurchaseHistory


class Shown(NamedTuple):
    """What was seen of the customers, and the purchases of each within the horizon after it."""

    history: PurchaseHistory
    later: npt.NDArray[np.int64]


def simulate(model: BetaGeometric, *, customers: int, horizon: float, seed: int) -> Shown:
    """Draw rates and chances of leaving, then one waiting time after the other, for all customers at once."""
    random = np.random.default_rng(seed)
    rate = random.gamma(model.r, 1 / model.alpha, customers)
    leaves = random.beta(model.a, model.b, customers)
    observed = random.uniform(60, 360, customers)
    repeats, later = np.zeros(customers), np.zeros(customers, dtype=np.int64)
    last, at = np.zeros(customers), np.zeros(customers)
    alive = random.random(customers) >= leaves if model.modified else np.ones(customers, dtype=bool)
    while alive.any():
        at = np.where(alive, at + random.exponential(1 / np.maximum(rate, 1e-12)), at)
        alive &= at < observed + horizon
        seen = alive & (at < observed)
        repeats, last = repeats + seen, np.where(seen, at, last)
        later = later + (alive & ~seen)
        alive &= random.random(customers) >= leaves
    return Shown(PurchaseHistory(repeats, last, observed, np.full(customers, 20.0)), later)
