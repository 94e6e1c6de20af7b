"""What an event or an exposure is worth on average, pooled over cells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ml.bandit.effects import Posterior, Spread, respread, solve
from ml.bandit.layout import Layout

Floats = npt.NDArray[np.float64]

STEPS = 10
# Prior size of an effect on a mean amount, as a share of one event's standard deviation.
SCALE_OF_DEVIATION = 0.03


def fit_amounts(units: Layout, totals: Floats, counts: Floats, variances: Floats) -> Posterior:
    """Posterior of each unit's mean amount: normal, empirical Bayes.

    Args:
        totals: sum of the amounts, shape (U,).
        counts: how many amounts, shape (U,).
        variances: of one amount, shape (U,), above zero.
    """
    seen = counts > 0
    means = np.divide(totals, counts, out=np.zeros(totals.size), where=seen)
    precision = np.where(seen, counts / variances, 0.0)
    middle = float((means * precision).sum() / precision.sum()) if seen.any() else 0.0
    scale = SCALE_OF_DEVIATION * float(np.sqrt(np.median(variances)))
    spread = Spread.start(units, scale)
    for _ in range(STEPS):
        found = solve(units, means, precision, spread, middle)
        spread = respread(found, scale)
    return found


def variances_of(totals: Floats, squares: Floats, counts: Floats) -> Floats:
    """Variance of one amount in each unit: that of all units, or the unit's own where it is larger.

    An outlier widens the unit it is in, which is then believed less, and not the others.

    Returns:
        Shape (U,); ones where nothing tells.
    """
    seen = counts > 1.5
    if not seen.any():
        return np.ones(totals.size)
    own = np.zeros(totals.size)
    mean = totals[seen] / counts[seen]
    own[seen] = np.maximum(squares[seen] / counts[seen] - mean**2, 0.0) * counts[seen] / (counts[seen] - 1.0)
    usual = _weighted_median(own[seen], counts[seen])
    level = max(usual, 1e-6 * float(np.mean(mean**2)), 1e-12)
    # The own variance of a few amounts says little: it takes thirty to be heard as loud as that of all.
    heard = np.where(seen, counts / (counts + 30.0), 0.0)
    return np.asarray(np.maximum(level, heard * own + (1.0 - heard) * level), dtype=np.float64)


def _weighted_median(values: Floats, weights: Floats) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])
