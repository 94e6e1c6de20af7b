"""A world played hour by hour by a policy, judged by the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from simulation.worlds.ledger import Ledger
from simulation.worlds.traffic import Shop
from simulation.worlds.world import World

Floats = npt.NDArray[np.float64]
# Shares of the next hour, shape (C, A), from hourly rows, delays and the end of the last hour.
Policy = Callable[[pd.DataFrame, pd.DataFrame, datetime], Floats]

# A Monday shortly before European clocks go forward.
START = datetime(2026, 3, 23, tzinfo=UTC)


@dataclass(frozen=True)
class Played:
    """Expected worth of each hour's impressions, shape (hours,), for the same people.

    Attributes:
        earned: under the policy's shares.
        best: under an oracle that knows the truth.
        even: under even shares.
        lifetime: change of lifetime value under the policy's shares, not part of `earned`.
    """

    earned: Floats
    best: Floats
    even: Floats
    lifetime: Floats

    def share(self, start: int = 0) -> float:
        """Share of the oracle's margin from an hour on."""
        return float(self.earned[start:].sum() / self.best[start:].sum())


def play(world: World, seed: int, hours: int, policy: Policy, every: int = 1) -> Played:
    """Show people what the policy draws, tell it what arrives, hour by hour.

    Args:
        every: hours between two tables of shares.
    """
    shop, ledger = Shop(world, seed), Ledger(world, hours, START)
    shares = np.full((world.cells, len(world.arms)), 1.0 / len(world.arms))
    found = np.zeros((4, hours))
    for hour in range(hours):
        cell = shop.visitors(hour)
        count = np.bincount(cell, minlength=world.cells)[:, None]
        worth = count * world.value(hour)
        found[:, hour] = (
            (shares * worth).sum(),
            worth.max(axis=1).sum(),
            worth.mean(axis=1).sum(),
            (shares * count * world.lifetime).sum(),
        )
        ledger.add(shop.shown(hour, cell, shop.drawn(hour, cell, shares)))
        ledger.arrive(hour)
        if hour + 1 < hours and (hour + 1) % every == 0:
            shares = policy(ledger.stats(hour), ledger.delay(), START + timedelta(hours=hour + 1))
    return Played(*found)
