"""p-values corrected for how many questions were asked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm(p: Sequence[float]) -> list[float]:
    """Adjusted p-values of Holm (1979), in the order given: chance of any false finding at most alpha.

    Raises:
        ValueError: a p-value outside 0 to 1.
    """
    values, order = _ordered(p)
    m = len(values)
    steps = np.maximum.accumulate(values[order] * np.arange(m, 0, -1))
    return _back(steps, order)


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """Adjusted p-values of Benjamini and Hochberg (1995), in the order given: share of false findings at most alpha.

    Raises:
        ValueError: a p-value outside 0 to 1.
    """
    values, order = _ordered(p)
    m = len(values)
    steps = values[order] * m / np.arange(1, m + 1)
    return _back(np.minimum.accumulate(steps[::-1])[::-1], order)


def _ordered(p: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    values = np.asarray(p, dtype=np.float64)
    for at, value in enumerate(values):
        if not 0 <= value <= 1:
            raise ValueError(f"p[{at}]: {value}; 0 to 1 is needed")
    return values, np.argsort(values, kind="stable")


def _back(steps: np.ndarray, order: np.ndarray) -> list[float]:
    found = np.empty(len(order))
    found[order] = np.minimum(steps, 1.0)
    return [float(value) for value in found]
