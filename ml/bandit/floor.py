"""The share of exploration that no weight takes away."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def with_floor(weights: Floats, floor: float) -> Floats:
    """Probabilities `floor / K + (1 - floor) w`, which sum to one.

    Args:
        weights: shares of the K arms, shape (..., K), each row summing to one.
        floor: share that is divided evenly, 0 to 1.

    Raises:
        ValueError: a floor outside 0 to 1, or no arm.
    """
    if not 0.0 <= floor <= 1.0:
        raise ValueError(f"floor is {floor}, but must be between 0 and 1")
    arms = weights.shape[-1]
    if arms == 0:
        raise ValueError("arms is 0, but at least 1 is needed")
    mixed = floor / arms + (1.0 - floor) * weights
    return np.asarray(mixed / mixed.sum(axis=-1, keepdims=True), dtype=np.float64)
