"""What looking early costs: the effect that a plan with several looks needs."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from scipy.optimize import brentq
from scipy.special import ndtri

from ml.experiments.brownian import crossing
from ml.experiments.checks import inside
from ml.experiments.effect import Side
from ml.experiments.sequential import boundaries
from ml.experiments.spending import Spending


def drift_needed(
    fractions: Sequence[float],
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    side: Side = "two",
    spending: Spending = "obrien_fleming",
) -> float:
    """Effect in standard errors at the planned size that crosses in its direction with the chance `power`.

    Raises:
        ValueError: as `sequential.boundaries`, or power outside 0 to 1.
    """
    inside(0, 1, power=power)
    asked = boundaries(fractions, alpha=alpha, side=side, spending=spending)
    lower = [-bound if side == "two" else -inf for bound in asked.bounds]

    def lacking(drift: float) -> float:
        return sum(crossing(asked.fractions, asked.bounds, lower, drift).above) - power

    fixed = -float(ndtri(alpha / 2 if side == "two" else alpha)) + float(ndtri(power))
    return float(brentq(lacking, 0.5 * fixed, 3 * fixed + 1, xtol=1e-9))
