"""One estimated difference with its interval and test, by the normal or by Student's distribution."""

from __future__ import annotations

from math import inf, isinf
from typing import Literal, NamedTuple

from scipy.special import ndtr, ndtri, stdtr, stdtrit

from ml.experiments.checks import inside, one_of

Side = Literal["two", "greater", "less"]
SIDES = ("two", "greater", "less")


class Interval(NamedTuple):
    """Lower and upper bound; -inf or inf on the side that a one-sided question leaves open."""

    low: float
    high: float


class Effect(NamedTuple):
    """An estimate and what it may be.

    Attributes:
        estimate: treatment minus control, or that over |control|.
        standard_error: of the estimate.
        interval: of level 1 - alpha.
        p_value: of no difference, against the side asked for.
        statistic: estimate / standard_error.
        degrees_of_freedom: of Student's distribution; inf is the normal.
        n: units of both arms.
    """

    estimate: float
    standard_error: float
    interval: Interval
    p_value: float
    statistic: float
    degrees_of_freedom: float
    n: int


def effect_of(
    estimate: float, standard_error: float, n: int, *, alpha: float, side: Side, degrees_of_freedom: float = inf
) -> Effect:
    """Interval and test of an estimate.

    Raises:
        ValueError: alpha outside 0 to 1, an unknown side, or no standard error.
    """
    check_question(alpha, side)
    if not standard_error > 0:
        raise ValueError(f"standard_error: {standard_error:g}; more than 0 is needed (both arms do not vary)")
    statistic = estimate / standard_error
    interval = interval_of(estimate, standard_error * critical(alpha, side, degrees_of_freedom), side)
    p = p_value(statistic, side, degrees_of_freedom)
    return Effect(estimate, standard_error, interval, p, statistic, degrees_of_freedom, n)


def check_question(alpha: float, side: str) -> None:
    """Raise ValueError for an alpha outside 0 to 1 or an unknown side."""
    inside(0, 1, alpha=alpha)
    one_of("side", side, SIDES)


def critical(alpha: float, side: Side, degrees_of_freedom: float = inf) -> float:
    """The statistic that a test of level alpha asks for."""
    upper = 1 - alpha / 2 if side == "two" else 1 - alpha
    return float(ndtri(upper) if isinf(degrees_of_freedom) else stdtrit(degrees_of_freedom, upper))


def interval_of(estimate: float, half: float, side: Side) -> Interval:
    """Estimate plus and minus half, open where the side does not look."""
    return Interval(-inf if side == "less" else estimate - half, inf if side == "greater" else estimate + half)


def p_value(statistic: float, side: Side, degrees_of_freedom: float = inf) -> float:
    """Chance of a statistic at least so far to the side when there is no difference."""

    def below(value: float) -> float:
        return float(ndtr(value) if isinf(degrees_of_freedom) else stdtr(degrees_of_freedom, value))

    if side == "two":
        return 2 * below(-abs(statistic))
    return below(-statistic) if side == "greater" else below(statistic)


def towards(statistic: float, side: Side) -> float:
    """The statistic as evidence for the side: its size for two, its negative for less."""
    if side == "two":
        return abs(statistic)
    return statistic if side == "greater" else -statistic
