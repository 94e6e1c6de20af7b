"""Gamma-Gamma: what a customer spends an order, drawn towards everybody's the fewer orders there are.

Reference: Fader, Hardie (2013), "The Gamma-Gamma Model of Monetary Value".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import gammaln

Floats = npt.NDArray[np.float64]
LOG_BOUNDS = (-5.0, 8.0)
# With q at 1 or below the mean over all customers is infinite.
LEAST_Q = 1.05


@dataclass(frozen=True)
class GammaGamma:
    """Amounts Gamma(p, rate) within a customer, the rates Gamma(q, v) among customers; v in currency units."""

    p: float
    q: float
    v: float

    def expected_amount(self, orders: Floats, mean_amount: Floats) -> Floats:
        """Mean amount of the next order given the number of orders so far and their average."""
        return self.p * (self.v + orders * mean_amount) / (self.p * orders + self.q - 1.0)

    def log_likelihood(self, orders: Floats, mean_amount: Floats) -> float:
        """Sum over customers with at least one order and a positive average."""
        shape = self.p * orders
        terms = gammaln(shape + self.q) - gammaln(shape) - gammaln(self.q) + self.q * np.log(self.v)
        terms = terms + (shape - 1.0) * np.log(mean_amount) + shape * np.log(orders)
        return float(np.sum(terms - (shape + self.q) * np.log(self.v + orders * mean_amount)))


def fit_gamma_gamma(orders: Floats, mean_amount: Floats) -> GammaGamma:
    """Maximum likelihood; where none is found, everybody's mean with the weight of one order."""
    known = (orders > 0) & (mean_amount > 0)
    if not known.any():
        return GammaGamma(1.0, 2.0, 0.0)
    n, unit = orders[known], float(mean_amount[known].mean())
    amounts = mean_amount[known] / unit

    def loss(logs: Floats) -> float:
        p, excess, v = np.exp(logs)
        return -GammaGamma(p, LEAST_Q + excess, v).log_likelihood(n, amounts) / len(n)

    found = minimize(loss, [1.0, 1.0, 1.0], method="L-BFGS-B", bounds=[LOG_BOUNDS] * 3)
    if not found.success or not np.isfinite(found.fun):
        return GammaGamma(1.0, 2.0, unit)
    p, excess, v = np.exp(found.x).tolist()
    return GammaGamma(p, LEAST_Q + excess, v * unit)
