"""Hours and days at which everybody buys more, whatever they are shown."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def block_factors(events: Floats, expected: Floats) -> Floats:
    """How much more than expected happened in each block of hours, shrunk by what chance alone does.

    Shares move from hour to hour, so an arm that was drawn at good times would look better than it is.

    Args:
        events: seen by block, shape (B,).
        expected: from rates that know no time, shape (B,), same total.

    Returns:
        Shape (B,), around 1; 1 where blocks differ no more than counts do (gamma prior, moments; Clayton 1987).
    """
    total = expected.sum()
    if total <= 0 or events.size < 3:
        return np.ones(events.size)
    variance = (((events - expected) ** 2).sum() - events.sum()) / (expected**2).sum()
    if variance <= 0:
        return np.ones(events.size)
    shape = 1.0 / variance
    return np.asarray((events + shape) / (expected + shape), dtype=np.float64)
