"""Treatment against control: absolute difference and relative lift with intervals and tests."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple, TypeVar

from ml.experiments.arms import Base, Statistic, Variance, degrees_of_freedom, equal_variance, pair_of
from ml.experiments.checks import one_of
from ml.experiments.effect import Effect, Side, check_question, effect_of
from ml.experiments.lift import RelativeBy, lift_by_delta, lift_by_logarithm, lift_refused

Kind = TypeVar("Kind", bound=Statistic)


class Comparison(NamedTuple):
    """Treatment against control.

    Attributes:
        control: its mean, share or ratio, what the lift is relative to.
        treatment: that plus the (adjusted) difference.
        n_control: units of the control.
        n_treatment: units of the treatment.
        absolute: treatment minus control.
        relative: that over |control|, so that plus is more also below zero; none when refused.
        relative_refused: why there is no relative lift.
    """

    control: float
    treatment: float
    n_control: int
    n_treatment: int
    absolute: Effect
    relative: Effect | None
    relative_refused: str | None


def compare(
    control: Kind,
    treatment: Kind,
    *,
    alpha: float = 0.05,
    side: Side = "two",
    variance: Variance = "welch",
    relative_by: RelativeBy = "delta",
    base: Base = "observed",
) -> Comparison:
    """Difference and relative lift of two arms of one kind of statistic.

    Args:
        control: the plain arm.
        treatment: the other; statistics with a covariate are adjusted by one slope of both arms together.
        alpha: 1 - level of the intervals.
        side: what is asked of treatment minus control.
        variance: `welch` (Student's t, degrees after Welch and Satterthwaite), `pooled` (one variance of both arms;
            for shares the pooled share and the normal distribution), `normal` (no degrees of freedom).
        relative_by: `delta` (first order) or `log` (of the logarithm of treatment / control; asymmetric).
        base: with a covariate, what the lift is relative to: the control as observed (as GrowthBook), or both arms
            brought to the covariate of all (as tea-tasting).

    Raises:
        ValueError: different kinds, fewer than 2 units, both arms without variance, alpha or a name out of bounds.
    """
    check_question(alpha, side)
    one_of("variance", variance, ("welch", "pooled", "normal"))
    one_of("relative_by", relative_by, ("delta", "log"))
    one_of("base", base, ("observed", "adjusted"))
    pair = pair_of(control, treatment, base)
    a, b = pair.control, pair.treatment
    if variance == "pooled":
        a, b = equal_variance(a, b, pair.of_shares)
    error = sqrt(a.variance / a.n + b.variance / b.n)
    if error == 0:
        raise ValueError("variance: 0 in control and treatment; without scatter there is no interval")
    degrees = degrees_of_freedom(a, b, variance, pair.of_shares)
    absolute = effect_of(pair.difference, error, a.n + b.n, alpha=alpha, side=side, degrees_of_freedom=degrees)
    refused = lift_refused(pair, relative_by, variance)
    by = lift_by_delta if relative_by == "delta" else lift_by_logarithm
    lift = None if refused else by(pair, alpha, side, variance, degrees)
    return Comparison(pair.base.mean, pair.base.mean + pair.difference, a.n, b.n, absolute, lift, refused)
