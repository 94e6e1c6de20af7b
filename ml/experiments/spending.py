"""How much of the allowed error may be spent by a share of the planned information (Lan and DeMets 1983)."""

from __future__ import annotations

from collections.abc import Sequence
from math import e, log, sqrt
from typing import Literal

from scipy.special import ndtr, ndtri

from ml.experiments.checks import finite, inside, one_of

Spending = Literal["obrien_fleming", "pocock"]
# Nearer looks tell the same and cost most: density is kept to the scale of the smallest step.
LEAST_STEP = 1e-4


def spent(fraction: float, alpha: float, spending: Spending) -> float:
    """One-sided error spent by a fraction of the information: all of alpha from 1 on.

    `obrien_fleming` is 2 - 2 Phi(z(1 - alpha / 2) / sqrt(t)), next to nothing early; `pocock` is
    alpha ln(1 + (e - 1) t), about as much at each look.

    Raises:
        ValueError: an unknown spending function, alpha outside 0 to 1, or a fraction of 0 or less.
    """
    one_of("spending", spending, ("obrien_fleming", "pocock"))
    inside(0, 1, alpha=alpha)
    if not fraction > 0:
        raise ValueError(f"fraction: {fraction}; more than 0 is needed")
    t = min(fraction, 1.0)
    if spending == "pocock":
        return alpha * log(1 + (e - 1) * t)
    return float(2 * ndtr(ndtri(alpha / 2) / sqrt(t)))


def check_fractions(fractions: Sequence[float]) -> tuple[float, ...]:
    """The fractions as a tuple; ValueError when there is none, or one is not ahead of the one before by 0.0001."""
    if not len(fractions):
        raise ValueError("fractions: none; at least 1 look is needed")
    before = 0.0
    for at, fraction in enumerate(fractions):
        finite(**{f"fractions[{at}]": fraction})
        if fraction < before + LEAST_STEP:
            raise ValueError(
                f"fractions[{at}]: {fraction}; at least {LEAST_STEP} more than the look before ({before}) is needed"
            )
        before = fraction
    return tuple(float(fraction) for fraction in fractions)
