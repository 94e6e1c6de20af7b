"""How often something happens after an exposure, pooled over cells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ml.bandit.effects import Posterior, Spread, respread, solve
from ml.bandit.layout import Layout

Floats = npt.NDArray[np.float64]

# Prior size of an effect on the logarithm of a rate: arms that differ by a fifth are usual.
SCALE = 0.2
STEPS = 15
# One step of a unit on the logarithmic scale; without it a lucky first conversion throws the next step off.
LONGEST_STEP = 1.5
# Rates above this are treated as if they were this: several conversions an exposure are possible.
HIGHEST_RATE = 0.9


def fit_rates(units: Layout, events: Floats, exposures: Floats, start: Posterior | None = None) -> Posterior:
    """Posterior of the logarithm of each unit's rate: binomial with a log link, Laplace, empirical Bayes.

    A log link, because who converts seldom does so under every arm: differences between arms multiply.

    Args:
        events: counts, shape (U,).
        exposures: exposures that can have answered by now, shape (U,), fractions allowed.
        start: an earlier fit of the same units, from which fewer steps are enough.
    """
    events, exposures = events.astype(np.float64), np.maximum(exposures, 0.0)
    middle = float(np.log((events.sum() + 0.5) / (exposures.sum() + 1.0)))
    level, spread = np.full(events.size, middle), Spread.start(units, SCALE)
    if start is not None:
        level, spread = start.mean, start.spread
    for _ in range(STEPS if start is None else STEPS // 3):
        target, precision = _linearised(level, events, exposures)
        found = solve(units, target, precision, spread, middle)
        spread = respread(found, SCALE)
        level = np.clip(found.mean, level - LONGEST_STEP, level + LONGEST_STEP)
    return found


def _linearised(level: Floats, events: Floats, exposures: Floats) -> tuple[Floats, Floats]:
    """Working response and weight of a Newton step (McCullagh and Nelder 1989, section 2.5)."""
    rate = np.exp(np.minimum(level, np.log(HIGHEST_RATE)))
    expected = exposures * rate
    step = (events - expected) / np.maximum(expected, 1e-9)
    target = level + np.clip(step, -LONGEST_STEP, 2 * LONGEST_STEP)
    return target, expected / (1.0 - rate)
