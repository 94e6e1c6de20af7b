"""What visits were worth by the truth, and would have been worth under other ways of choosing a banner."""

from __future__ import annotations

import numpy as np

from simulation.arrays import F64, I64, Bool
from simulation.month.planted import Planted
from simulation.month.responses import Shown


def margin_by_banner(planted: Planted, shown: Shown) -> F64:
    """Expected margin of each visit under every banner, everything else as it was (visits, A), USD."""
    by_banner: F64 = planted.margin()[shown.segment, shown.context, :, shown.delivery]
    return by_banner


def chosen(by_banner: F64, banner: I64) -> F64:
    """Expected margin of each visit under the banner that it showed, USD."""
    return np.take_along_axis(by_banner, banner[:, None], axis=1)[:, 0]


def under_split(by_banner: F64, allowed: Bool) -> F64:
    """Expected margin of each visit when chance picks evenly among the allowed banners (visits, A)."""
    share = allowed / np.maximum(allowed.sum(axis=1, keepdims=True), 1)
    value: F64 = (by_banner * share).sum(axis=1)
    return value


def under_oracle(by_banner: F64, allowed: Bool) -> F64:
    """Expected margin of each visit under the best allowed banner (visits, A)."""
    best: F64 = np.where(allowed, by_banner, -np.inf).max(axis=1)
    return best


def under_policy(by_banner: F64, probability: F64) -> F64:
    """Expected margin of each visit under probabilities of the banners (visits, A), USD."""
    value: F64 = (by_banner * probability).sum(axis=1)
    return value
