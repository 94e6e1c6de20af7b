"""Vowpal Wabbit on the traffic of a world: immediate reward after every impression, no batches, no delay.

Settings are the best of seven tried on seed 0 of the non-additive world (a week of it): SquareCB, all interactions of
segment, context and arm; learning rates 0.05 to 2 and gamma scales 10 to 1,000; bag, cover and epsilon did worse.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from vowpalwabbit import Workspace

from simulation.worlds.traffic import Shop
from simulation.worlds.world import World

SETTINGS = "--cb_explore_adf --squarecb --gamma_scale 1000 -l 0.1 --cb_type mtr -q SA -q CA --interactions SCA --quiet"
# Margins of a conversion are around 25; costs near one suit its learning rates.
SCALE = 10.0
Floats = npt.NDArray[np.float64]


def vowpal_wabbit(world: World, seed: int, hours: int) -> float:
    """Share of the oracle's margin that it keeps."""
    model, shop = Workspace(SETTINGS), Shop(world, seed)
    chance = np.random.default_rng([seed, 99])
    contexts = world.cells // world.segments
    arms = [f"|Action arm={name}" for name in world.arms]
    shared = [f"shared |Segment s={each // contexts} |Context c={each % contexts}" for each in range(world.cells)]
    asked = [model.parse([line, *arms]) for line in shared]
    earned = best = 0.0
    for hour in range(hours):
        cell, worth = shop.visitors(hour), world.value(hour)
        best += float(worth.max(axis=1)[cell].sum())
        # What would become of each person under each arm, by the very draws that the learner's world makes.
        after = np.stack([shop.shown(hour, cell, np.full(cell.size, arm)).margin for arm in range(len(arms))], axis=1)
        for place, (own, u) in enumerate(zip(cell, chance.random(cell.size), strict=True)):
            shares = np.asarray(model.predict(asked[own]), dtype=np.float64)
            shares /= shares.sum()
            arm = min(int(np.searchsorted(np.cumsum(shares), u, side="right")), len(arms) - 1)
            earned += float(worth[own] @ shares)
            told = list(arms)
            told[arm] = f"0:{-after[place, arm] / SCALE:.5f}:{shares[arm]:.6f} {arms[arm]}"
            model.learn([shared[own], *told])
    model.finish()
    return earned / best
