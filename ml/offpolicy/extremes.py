"""Moments of a weighted sum whose extreme rewards could as well have met other weights.

In a log of skewed margins few huge orders make the variance, and fewer still met a heavy weight. Where none did, the
squares of what was seen are too small, and the interval misses. How large orders get says every exposure, whatever its
weight; so what is beyond a bound counts with the weights of all exposures that could have brought it.
"""

from __future__ import annotations

import numpy as np

from ml.offpolicy.intervals import Pooled, Spread
from ml.offpolicy.traffic import Floats

# Rewards further from what was predicted than 97 % of exposures: some of seven orders where a fifth of exposures buy.
_USUAL = 0.97
# Of the mean reward: what is least expected of an exposure, so that a prediction of nothing forbids nothing.
_LEAST_LIKELY = 0.2


def likely_of(own: Floats, reward: Floats) -> Floats:
    """How much each exposure could bring, in proportion: its predicted reward, never far below the mean."""
    return np.maximum(own, _LEAST_LIKELY * float(np.abs(reward).mean()))


def with_extremes_pooled(spread: Spread, coefficient: Floats, rest: Floats, likely: Floats) -> Spread:
    """The spread with the moments that it has when extremes fall on exposures in proportion to `likely`.

    Args:
        spread: of a sum over exposures.
        coefficient: what each exposure's `rest` is multiplied by in that sum.
        rest: reward less what was predicted.
        likely: as `likely_of` gives it.
    """
    total = float(likely.sum())
    if total <= 0:
        return spread
    bound = float(np.quantile(np.abs(rest), _USUAL))
    usual, moments = np.clip(rest, -bound, bound), []
    for power in (2, 3):
        beyond, heavy = rest**power - usual**power, coefficient**power
        moved = float(beyond.sum()) * float(heavy @ likely) / total - float(heavy @ beyond)
        moments.append(float((spread.influence**power).sum()) + moved)
    return spread._replace(pooled=Pooled(*moments))
