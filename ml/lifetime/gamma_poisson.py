"""NBD: everybody buys for ever at a rate of their own (Ehrenberg 1959); fitted in closed form, so it always answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.lifetime.history import PurchaseHistory

Floats = npt.NDArray[np.float64]
# From nearly equal rates to nearly all of them zero.
SHAPES = (0.01, 100.0)


@dataclass(frozen=True)
class GammaPoisson:
    """Rates Gamma(r, alpha) per day; nobody leaves."""

    r: float
    alpha: float

    def no_purchase(self, history: PurchaseHistory, horizon_days: float) -> Floats:
        """Probability of no purchase within the horizon."""
        now = self.alpha + history.observed
        silent = np.exp((self.r + history.repeats) * (np.log(now) - np.log(now + horizon_days)))
        return np.asarray(silent, dtype=np.float64)

    def expected_purchases(self, history: PurchaseHistory, horizon_days: float) -> Floats:
        """Mean number of purchases within the horizon: the personal rate, drawn towards everybody's."""
        return (self.r + history.repeats) / (self.alpha + history.observed) * horizon_days


def fit_gamma_poisson(history: PurchaseHistory) -> GammaPoisson:
    """Moments for unequal observation times: mean rate m = Σx / ΣT; Σ(x - mT)² = mΣT + m²ΣT² / r.

    Without a repeat purchase, half of one is assumed, so that the rate is small and not zero.
    """
    x, days = history.repeats, history.observed
    total = max(float(days.sum()), 1.0)
    mean = max(float(x.sum()), 0.5) / total
    excess = float(((x - mean * days) ** 2).sum()) - mean * total
    shape = mean**2 * float((days**2).sum()) / excess if excess > 0 else SHAPES[1]
    shape = float(np.clip(shape, *SHAPES))
    return GammaPoisson(shape, shape / mean)
