"""Two arms side by side: units, means and variances of a unit, and the degrees of freedom of their difference."""

from __future__ import annotations

from math import inf
from typing import Literal, NamedTuple

from ml.experiments.cuped import Adjusted, AdjustedRatio, merged, pooled_slope, residual_variance, within_slope
from ml.experiments.means import Mean
from ml.experiments.proportions import Proportion
from ml.experiments.ratios import Ratio
from ml.experiments.stratified import Stratified

Statistic = Mean | Proportion | Ratio | Adjusted | AdjustedRatio | Stratified
Variance = Literal["welch", "pooled", "normal"]
Base = Literal["observed", "adjusted"]


class Arm(NamedTuple):
    """What a comparison needs of an arm: units, its mean and the variance of a unit."""

    n: int
    mean: float
    variance: float


class Pair(NamedTuple):
    """Control and treatment, adjusted where there is a covariate.

    Attributes:
        control: what the difference is taken from.
        treatment: the other.
        base: what the lift is relative to: the control itself, or as observed before the adjustment.
        shared: covariance of a unit's part in control and in base; the variance when they are one.
        ahead: what the treatment is ahead of base, over base, in the variance of the lift.
        of_shares: whether units say yes or no.
    """

    control: Arm
    treatment: Arm
    base: Arm
    shared: float
    ahead: float
    of_shares: bool

    @property
    def difference(self) -> float:
        """Treatment minus control."""
        return self.treatment.mean - self.control.mean


def pair_of(control: Statistic, treatment: Statistic, base: Base) -> Pair:
    """Both arms, adjusted by one slope where they have a covariate.

    Raises:
        ValueError: different kinds, or an arm that has no mean or variance, named.
    """
    if type(control) is not type(treatment):
        raise ValueError(f"treatment: {type(treatment).__name__}; the control is a {type(control).__name__}")
    a, b = arm_of("control", control), arm_of("treatment", treatment)
    if not isinstance(control, Adjusted | AdjustedRatio) or not isinstance(treatment, Adjusted | AdjustedRatio):
        return _own_base(a, b, isinstance(control, Proportion))
    if base == "adjusted":
        slope = pooled_slope(control, treatment)
        return _own_base(*_adjusted(control, treatment, slope), of_shares=False)
    # Means pooled as they are, ratios around their own: with these the numbers agree with open implementations.
    of_means = isinstance(control, Adjusted)
    slope = pooled_slope(control, treatment) if of_means else within_slope(control, treatment)
    adjusted_a, adjusted_b = _adjusted(control, treatment, slope)
    # Observed or adjusted difference here: to the first order it is the same.
    ahead = b.mean - a.mean if of_means else adjusted_b.mean - adjusted_a.mean
    shared = a.variance - slope * control.moments.covariance
    return Pair(adjusted_a, adjusted_b, a, shared, ahead / a.mean if a.mean else 0.0, of_shares=False)


def arm_of(field: str, statistic: Statistic) -> Arm:
    """Units, mean and variance; ValueError names the arm."""
    try:
        return Arm(statistic.n, statistic.mean, statistic.variance)
    except ValueError as error:
        raise ValueError(f"{field}.{error}") from error


def equal_variance(a: Arm, b: Arm, of_shares: bool) -> tuple[Arm, Arm]:
    """Both arms with the variance of the two together."""
    if of_shares:
        share = (a.n * a.mean + b.n * b.mean) / (a.n + b.n)
        variance = share * (1 - share)
    else:
        variance = ((a.n - 1) * a.variance + (b.n - 1) * b.variance) / (a.n + b.n - 2)
    return a._replace(variance=variance), b._replace(variance=variance)


def degrees_of_freedom(a: Arm, b: Arm, variance: Variance, of_shares: bool) -> float:
    """Welch (1947) and Satterthwaite (1946); n - 2 of a pooled variance; inf where the normal is used."""
    if variance == "normal" or (variance == "pooled" and of_shares):
        return inf
    if variance == "pooled":
        return float(a.n + b.n - 2)
    u, v = a.variance / a.n, b.variance / b.n
    below = u**2 / (a.n - 1) + v**2 / (b.n - 1)
    return (u + v) ** 2 / below if below > 0 else float(a.n + b.n - 2)


def _own_base(a: Arm, b: Arm, of_shares: bool) -> Pair:
    return Pair(a, b, a, a.variance, (b.mean - a.mean) / a.mean if a.mean else 0.0, of_shares)


def _adjusted(control: Adjusted | AdjustedRatio, treatment: Adjusted | AdjustedRatio, slope: float) -> tuple[Arm, Arm]:
    both = merged(control, treatment)
    centre = both.moments.covariate_mean
    a, b = (
        Arm(m.n, m.mean - slope * (m.covariate_mean - centre), residual_variance(m, slope))
        for m in (control.moments, treatment.moments)
    )
    return a, b
