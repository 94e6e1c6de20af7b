"""The purchase-process baseline of a shop: the first model that fits, and the one that always does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.lifetime.beta_geometric import BetaGeometric, fit_beta_geometric
from ml.lifetime.gamma_gamma import GammaGamma, fit_gamma_gamma
from ml.lifetime.gamma_poisson import GammaPoisson, fit_gamma_poisson
from ml.lifetime.history import PurchaseHistory, purchase_history

Floats = npt.NDArray[np.float64]
# Four parameters need no more, and the likelihood is evaluated some hundred times.
MOST_CUSTOMERS = 10_000


@dataclass(frozen=True)
class LifetimeBaseline:
    """Orders and amounts of one shop.

    Attributes:
        name: `bg_nbd`, `mbg_nbd` or `nbd`.
        note: what did not converge; empty when the first model did.
    """

    name: str
    orders: BetaGeometric | GammaPoisson
    amounts: GammaGamma
    note: str

    def churn(self, history: PurchaseHistory, horizon_days: float) -> Floats:
        """Probability of no purchase within the horizon, within [0, 1]."""
        return np.clip(self.orders.no_purchase(history, horizon_days), 0.0, 1.0)

    def spend(self, history: PurchaseHistory, horizon_days: float) -> Floats:
        """Expected purchases times the expected amount of one, currency units."""
        amounts = self.amounts.expected_amount(history.repeats + 1.0, history.mean_amount)
        return np.maximum(self.orders.expected_purchases(history, horizon_days) * amounts, 0.0)


def fit_lifetime(rows: pd.DataFrame) -> LifetimeBaseline | None:
    """Fit on the rows of one cut-off (a customer once); None where the frame lacks the columns."""
    history = purchase_history(rows)
    if history is None or len(history) == 0:
        return None
    sample = history.every(-(-len(history) // MOST_CUSTOMERS))
    amounts = fit_gamma_gamma(sample.repeats + 1.0, sample.mean_amount)
    note = ""
    for name, title, modified in (("bg_nbd", "BG/NBD", False), ("mbg_nbd", "MBG/NBD", True)):
        orders = fit_beta_geometric(sample, modified=modified)
        if orders is not None:
            return LifetimeBaseline(name, orders, amounts, note)
        note += f"{title} did not converge on {len(sample):,} customers; "
    return LifetimeBaseline("nbd", fit_gamma_poisson(sample), amounts, note + "the closed-form NBD stands in")
