"""Draws the effects in each segment towards what all segments have in common, the more the less they truly differ."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

Floats = npt.NDArray[np.float64]


class Drawn(NamedTuple):
    """Effects and variances of segments after drawing, shape (segments, levels), and the variance between segments."""

    effect: Floats
    variance: Floats
    between: float


def draw_together(own: Floats, variance: Floats) -> Drawn:
    """Normal-normal shrinkage, its variance between segments by moments (DerSimonian and Laird 1986).

    Args:
        own, variance: of one attribute's levels in each segment, shape (segments, levels).

    The common effect is the mean of the segments, not that over everybody: people in no segment have no say in it.
    """
    between = between_variance(own, variance)
    precision = 1.0 / (between + variance)
    common = (precision * own).sum(axis=0) / precision.sum(axis=0)
    weight = between * precision
    effect = weight * own + (1 - weight) * common
    return Drawn(effect, weight * variance + (1 - weight) ** 2 / precision.sum(axis=0), between)


def between_variance(own: Floats, variance: Floats) -> float:
    """By how much true effects vary between segments, as a variance of log-odds; 0 of fewer than two segments."""
    if len(own) < 2:
        return 0.0
    weight = 1.0 / variance
    total = weight.sum(axis=0)
    mean = (weight * own).sum(axis=0) / total
    surplus = float((weight * (own - mean) ** 2).sum()) - own.shape[1] * (len(own) - 1)
    scale = float((total - (weight**2).sum(axis=0) / total).sum())
    return float(max(0.0, surplus / scale))


def beyond_noise(effect: Floats, error: Floats, alpha: float) -> npt.NDArray[np.bool_]:
    """Which of many effects differ from 0, with at most `alpha` chance that any is named wrongly (Holm 1979)."""
    p_values = 2.0 * norm.sf(np.abs(effect) / error)
    by = np.argsort(p_values, kind="stable")
    holds = p_values[by] <= alpha / np.arange(len(by), 0, -1)
    found = np.zeros(len(by), dtype=np.bool_)
    found[by] = np.logical_and.accumulate(holds)
    return found
