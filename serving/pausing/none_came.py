"""How unlikely it is that none came, where some were due: exact, without an approximation."""

from __future__ import annotations

import math

LEAST_CHANCE = 1e-4
"""None came by chance less than once in so many times: else too little is known of the usual rate."""


def due(exposures: float, usual_conversions: float, usual_exposures: float) -> float:
    """Conversions that so many exposures bring at the usual rate; 0 where there is none."""
    return exposures * usual_conversions / usual_exposures if usual_exposures > 0 else 0.0


def chance_of_none(exposures: float, usual_conversions: float, usual_exposures: float) -> float:
    """Probability that all conversions fell into the usual time and none into these exposures, at one rate for both.

    Given their total, the conversions of two Poisson counts are divided binomially (Przyborowski and Wilenski,
    Biometrika 31, 1940), so `(n0 / (n0 + n1)) ** c0`: it needs no rate to be known, and tends to `exp(-due)` as the
    usual time grows.

    Args:
        exposures: that brought none, n1.
        usual_conversions: of the time before, c0.
        usual_exposures: of the time before, n0.
    """
    if usual_exposures <= 0 or usual_conversions <= 0:
        return 1.0
    return math.exp(usual_conversions * math.log(usual_exposures / (usual_exposures + exposures)))


def is_missing(exposures: float, usual_conversions: float, usual_exposures: float, least_due: float) -> bool:
    """Whether conversions are missing: enough were due, and chance alone would hardly ever do that."""
    expected = due(exposures, usual_conversions, usual_exposures)
    return expected >= least_due and chance_of_none(exposures, usual_conversions, usual_exposures) < LEAST_CHANCE
