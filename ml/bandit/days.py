"""Days on which everybody buys more, whatever they are shown."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def day_factors(events: Floats, expected: Floats) -> Floats:
    """How much more than expected happened on each day, shrunk by what chance alone does.

    Shares move from day to day, so an arm that was drawn on busy days would look better than it is.

    Args:
        events: seen by day, shape (D,).
        expected: from rates that know no days, shape (D,), same total.

    Returns:
        Shape (D,), around 1; 1 where days differ no more than counts do (gamma prior, moments; Clayton 1987).
    """
    total = expected.sum()
    if total <= 0 or events.size < 3:
        return np.ones(events.size)
    variance = (((events - expected) ** 2).sum() - events.sum()) / (expected**2).sum()
    if variance <= 0:
        return np.ones(events.size)
    shape = 1.0 / variance
    return np.asarray((events + shape) / (expected + shape), dtype=np.float64)
