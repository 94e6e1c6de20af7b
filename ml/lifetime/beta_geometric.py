"""BG/NBD and MBG/NBD: customers buy at a rate of their own until, after some purchase, they leave unnoticed.

References:
    Fader, Hardie, Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24(2).
    Batislam, Denizel, Filiztekin (2007), International Journal of Research in Marketing 24(3), and Hoppe, Wagner
    (2007): the modified model, in which customers may also leave right after the first purchase.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import betaincinv, gammaln

from ml.lifetime.history import PurchaseHistory

Floats = npt.NDArray[np.float64]
# Parameters are searched on the log scale, time in units of the mean observation; one that ends at a bound has no
# maximum inside it: the process the model assumes is not in the data.
LOG_BOUNDS = (-7.0, 7.0)
AT_BOUND = 0.01
STARTS = ((0.0, 0.0, -0.5, 0.5), (-1.0, 1.0, 0.5, 1.5))
NODES = 48
ROWS_AT_ONCE = 50_000


@dataclass(frozen=True)
class BetaGeometric:
    """Rates Gamma(r, alpha) per day, chances of leaving Beta(a, b) after each purchase.

    `modified`: leaving is also possible right after the first purchase (MBG/NBD).
    """

    r: float
    alpha: float
    a: float
    b: float
    modified: bool = False

    def alive(self, history: PurchaseHistory) -> Floats:
        """Probability of not having left yet; 1 for everybody without a repeat purchase unless `modified`."""
        x = history.repeats
        odds = np.log(self.a) - np.log(self.b + x - (0.0 if self.modified else 1.0) * (x > 0))
        odds = odds + (self.r + x) * (np.log(self.alpha + history.observed) - np.log(self.alpha + history.last_at))
        gone = np.exp(np.minimum(odds, 700.0))
        return np.asarray(1.0 / (1.0 + np.where((x > 0) | self.modified, gone, 0.0)), dtype=np.float64)

    def no_purchase(self, history: PurchaseHistory, horizon_days: float) -> Floats:
        """Exact probability of no purchase within the horizon.

        Who is alive leaves only after a purchase, so P(none) = 1 - P(alive) (1 - E[exp(-rate · H)]), the rate of the
        living being Gamma(r + x, alpha + T).
        """
        now = self.alpha + history.observed
        silent = np.exp((self.r + history.repeats) * (np.log(now) - np.log(now + horizon_days)))
        return np.asarray(1.0 - self.alive(history) * (1.0 - silent), dtype=np.float64)

    def expected_purchases(self, history: PurchaseHistory, horizon_days: float) -> Floats:
        """Mean number of purchases within the horizon.

        E = P(alive) · E_p[(1 - ((alpha+T) / (alpha+T+pH))^(r+x)) / p] over p ~ Beta(a, b + x), by Gauss-Legendre over
        the quantiles of p. The closed form needs a hypergeometric function that overflows for frequent buyers.
        """
        starts = range(0, len(history), ROWS_AT_ONCE)
        parts = [self._while_alive(history, slice(at, at + ROWS_AT_ONCE), horizon_days) for at in starts]
        return np.asarray(self.alive(history) * np.concatenate([np.zeros(0), *parts]), dtype=np.float64)

    def _while_alive(self, history: PurchaseHistory, rows: slice, horizon_days: float) -> Floats:
        nodes, weights = np.polynomial.legendre.leggauss(NODES)
        x, where = np.unique(history.repeats[rows], return_inverse=True)
        shape = self.b + x + (1.0 if self.modified else 0.0)
        leaving = betaincinv(self.a, shape[:, None], (nodes + 1.0) / 2.0)[where]
        leaving = np.maximum(leaving, 1e-12)
        now = (self.alpha + history.observed[rows])[:, None]
        power = (self.r + history.repeats[rows])[:, None]
        bought = -np.expm1(-power * np.log1p(leaving * horizon_days / now)) / leaving
        # A product with the weights would add in another order for one row than for many.
        return np.asarray((bought * (weights / 2.0)).sum(axis=1), dtype=np.float64)

    def log_likelihood(self, history: PurchaseHistory) -> float:
        """Sum over customers."""
        x, r, a, b = history.repeats, self.r, self.a, self.b
        rates = gammaln(r + x) - gammaln(r) + r * np.log(self.alpha)
        stays = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
        silent = -(r + x) * np.log(self.alpha + history.observed)
        left = np.log(a) - (r + x) * np.log(self.alpha + history.last_at)
        if self.modified:
            stays, silent = stays - np.log(a + b + x), silent + np.log(b + x)
        else:
            left = np.where(x > 0, left - np.log(b + np.maximum(x, 1.0) - 1.0), -np.inf)
        return float(np.sum(rates + stays + np.logaddexp(silent, left)))


def fit_beta_geometric(history: PurchaseHistory, *, modified: bool = False) -> BetaGeometric | None:
    """Maximum likelihood from the first start that leads to one; None where no maximum lies inside the bounds."""
    unit = float(history.observed.mean()) if len(history) else 0.0
    if unit <= 0 or not history.repeats.any():
        return None
    scaled = PurchaseHistory(history.repeats, history.last_at / unit, history.observed / unit, history.mean_amount)

    def loss(logs: Floats) -> float:
        r, alpha, a, b = np.exp(logs).tolist()
        return -BetaGeometric(r, alpha, a, b, modified).log_likelihood(scaled) / len(scaled)

    for start in STARTS:
        found = minimize(loss, start, method="L-BFGS-B", bounds=[LOG_BOUNDS] * 4)
        inside = np.all(np.abs(found.x) < LOG_BOUNDS[1] - AT_BOUND)
        if found.success and np.isfinite(found.fun) and inside:
            r, alpha, a, b = np.exp(found.x).tolist()
            return BetaGeometric(r, alpha * unit, a, b, modified)
    return None
