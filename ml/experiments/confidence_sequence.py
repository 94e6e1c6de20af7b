"""Intervals that hold at every look at once, however often one looks: for guard rails, not for shipping.

Asymptotic normal mixture (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024; Howard, Ramdas, McAuliffe and Sekhon
2021). About 1.5 times as wide as a single interval, and wider away from the size it is tuned for.
"""

from __future__ import annotations

from math import exp, expm1, log, log1p, sqrt
from typing import NamedTuple

from ml.experiments.checks import at_least
from ml.experiments.effect import Effect, Interval, Side, check_question, interval_of, towards

TUNING_N = 5000


class ConfidenceSequence(NamedTuple):
    """What may be said at this and at every other look.

    Attributes:
        interval: contains the truth at all looks together with chance 1 - alpha.
        p_value: least alpha whose interval, with the same mixture, leaves zero out; at most 1.
    """

    interval: Interval
    p_value: float


def confidence_sequence(
    effect: Effect, *, alpha: float = 0.05, tuning_n: float = TUNING_N, side: Side = "two"
) -> ConfidenceSequence:
    """The sequence's interval and p-value of an effect as it stands.

    Args:
        effect: difference or lift with its standard error and n, of the units so far.
        alpha: 1 - level.
        tuning_n: units of both arms at which the interval is to be narrowest; chosen before the data.
        side: `greater` gives a lower bound, `less` an upper one.

    Raises:
        ValueError: alpha outside 0 to 1, a tuning size below 1, or fewer than 2 units.
    """
    check_question(alpha, side)
    at_least(1, tuning_n=tuning_n)
    at_least(2, n=effect.n)
    weight = effect.n * mixture_variance(alpha, tuning_n, side)
    half = effect.standard_error * _critical(weight, alpha, side)
    return ConfidenceSequence(interval_of(effect.estimate, half, side), _p_value(effect.statistic, weight, side))


def mixture_variance(alpha: float, tuning_n: float, side: Side = "two") -> float:
    """rho squared that makes the interval narrowest near `tuning_n` (Waudby-Smith et al. 2024, appendix B.2)."""
    level = alpha if side == "two" else 2 * alpha
    # The closed form is for levels below one half; above, any positive mixture holds.
    level = min(level, 0.5)
    return (-2 * log(level) + log(-2 * log(level) + 1)) / tuning_n


def _critical(weight: float, alpha: float, side: Side) -> float:
    """Half-width in standard errors, at n x rho squared = weight."""
    if side == "two":
        return sqrt(2 * (weight + 1) / weight * log(sqrt(weight + 1) / alpha))
    return sqrt(2 * (weight + 1) / weight * log1p(sqrt(weight + 1) / (2 * alpha)))


def _p_value(statistic: float, weight: float, side: Side) -> float:
    z = towards(statistic, side)
    evidence = weight * z * z / (2 * (weight + 1))
    if side == "two":
        return min(1.0, sqrt(weight + 1) * exp(-evidence))
    if z <= 0:
        return 1.0
    # exp(-x) / (1 - exp(-x)) instead of 1 / (exp(x) - 1), which overflows.
    return min(1.0, sqrt(weight + 1) * exp(-evidence) / (-2 * expm1(-evidence))) if evidence > 0 else 1.0
