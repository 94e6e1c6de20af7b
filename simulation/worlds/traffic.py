"""Hours of a world: who came, what they were shown, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulation.worlds.world import World, seasonal_traffic

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Hour:
    """One hour's impressions one by one, in random order, with what came of each.

    Attributes:
        hour: since the start.
        cell: shape (N,), as are the next five.
        arm: what was shown.
        is_converted: whether it converted, sooner or later.
        margin: what it brought after incentives, currency units; 0 without a conversion.
        delay: whole hours until the conversion.
        lifetime: predicted change of lifetime value, currency units.
    """

    hour: int
    cell: Ints
    arm: Ints
    is_converted: npt.NDArray[np.bool_]
    margin: Floats
    delay: Ints
    lifetime: Floats


class Shop:
    """Draws the hours of a world; the same seed brings the same people, whatever they are shown."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._seed = seed

    def visitors(self, hour: int) -> Ints:
        """Cells of the people of an hour, shape (N,)."""
        draw = np.random.default_rng([self._seed, 10, hour])
        counts = draw.poisson(self._world.traffic * seasonal_traffic(hour))
        return np.asarray(draw.permutation(np.repeat(np.arange(self._world.cells), counts)), dtype=np.int64)

    def drawn(self, hour: int, cell: Ints, shares: Floats) -> Ints:
        """Arms drawn by shares of shape (C, A)."""
        u = np.random.default_rng([self._seed, 11, hour]).random(cell.size)
        reached = np.cumsum(shares, axis=1)[cell]
        return np.asarray(np.minimum((u[:, None] >= reached).sum(axis=1), shares.shape[1] - 1), dtype=np.int64)

    def shown(self, hour: int, cell: Ints, arm: Ints) -> Hour:
        """What becomes of people who are shown these arms."""
        world, draw = self._world, np.random.default_rng([self._seed, 12, hour])
        day = np.random.default_rng([self._seed, 13, hour // 24]).standard_normal()
        factor = np.exp(world.day_spread * day - world.day_spread**2 / 2)
        chance = world.conversion[world.period(hour)][cell, arm] * factor
        converted = draw.random(cell.size) < chance
        basket = np.exp(world.spread * draw.standard_normal(cell.size) - world.spread**2 / 2)
        delay = draw.exponential(world.delay_hours, cell.size) if world.delay_hours > 0 else np.zeros(cell.size)
        lifetime = world.lifetime[cell, arm] + 0.2 * draw.standard_normal(cell.size) * (world.lifetime.any())
        margin = np.where(converted, world.margin[cell, arm] * basket - world.cost[arm], 0.0)
        return Hour(hour, cell, arm, converted, margin, np.floor(delay).astype(np.int64), lifetime)
