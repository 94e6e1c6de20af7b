"""Treatment relative to control: by the delta method, or by the logarithm of their ratio."""

from __future__ import annotations

from math import exp, inf, log, sqrt
from typing import Literal

from ml.experiments.arms import Arm, Pair, Variance, degrees_of_freedom, equal_variance
from ml.experiments.checks import ROUNDING
from ml.experiments.effect import Effect, Interval, Side, critical, effect_of

RelativeBy = Literal["delta", "log"]
# A control nearer to zero than this many standard errors may have either sign; its reciprocal means nothing.
TOLD_FROM_ZERO = 1.96
# Largest exponent whose exponential is still a float.
LARGEST = 700.0


def lift_refused(pair: Pair, by: RelativeBy, variance: Variance) -> str | None:
    """Why there is no relative lift, if there is none."""
    base, error = pair.base, sqrt(pair.base.variance / pair.base.n)
    if base.mean == 0:
        return "control is 0: nothing can be said relative to it"
    if not pair.of_shares and abs(base.mean) < TOLD_FROM_ZERO * error:
        return (
            f"control {base.mean:.4g} cannot be told from 0 (standard error {error:.4g}): "
            f"at least {TOLD_FROM_ZERO} standard errors are needed for a lift relative to it"
        )
    if by == "log" and (base.mean + pair.difference) / base.mean <= 0:
        return f"control {base.mean:.4g} and treatment {base.mean + pair.difference:.4g}: no logarithm of such a ratio"
    if _delta_error(pair, variance) == 0:
        return f"treatment {base.mean + pair.difference:.4g} does not vary: no interval of a lift without scatter"
    return None


def lift_by_delta(pair: Pair, alpha: float, side: Side, variance: Variance, degrees: float) -> Effect:
    """First order in both means; over |control|, so that plus is more also below zero."""
    estimate = pair.difference / abs(pair.base.mean)
    n = pair.control.n + pair.treatment.n
    return effect_of(estimate, _delta_error(pair, variance), n, alpha=alpha, side=side, degrees_of_freedom=degrees)


def lift_by_logarithm(pair: Pair, alpha: float, side: Side, variance: Variance, degrees: float) -> Effect:
    """The interval of log(treatment / control) brought back; test and standard error are those of the logarithm."""
    sign = 1.0 if pair.base.mean > 0 else -1.0
    ratio = (pair.base.mean + pair.difference) / pair.base.mean
    if pair.base is pair.control:
        a, b = _logarithm(pair.control), _logarithm(pair.treatment)
        if variance == "pooled":
            a, b = equal_variance(a, b, of_shares=False)
        degrees = degrees_of_freedom(a, b, variance, pair.of_shares)
        error = sqrt(a.variance / a.n + b.variance / b.n)
    else:
        error = _delta_error(pair, variance) / ratio
    n = pair.control.n + pair.treatment.n
    # With a negative control more is a smaller ratio: the sign turns estimate, test and bounds round.
    found = effect_of(sign * log(ratio), error, n, alpha=alpha, side=side, degrees_of_freedom=degrees)
    half = critical(alpha, side, degrees) * error
    low, high = sorted(sign * (exp(min(sign * (found.estimate + shift), LARGEST)) - 1) for shift in (-half, half))
    interval = Interval(-inf if side == "less" else low, inf if side == "greater" else high)
    return found._replace(estimate=sign * (ratio - 1), interval=interval)


def _delta_error(pair: Pair, variance: Variance) -> float:
    a, b, shared, own = pair.control, pair.treatment, pair.shared, pair.base.variance
    if variance == "pooled":
        a, b = equal_variance(a, b, pair.of_shares)
    if pair.base is pair.control:
        shared = own = a.variance
    squares = b.variance / b.n + (a.variance + 2 * pair.ahead * shared + pair.ahead**2 * own) / a.n
    # What a treatment of zero leaves of the control's variance is rounding.
    return sqrt(squares) / abs(pair.base.mean) if squares > ROUNDING * a.variance / a.n else 0.0


def _logarithm(arm: Arm) -> Arm:
    return Arm(arm.n, log(abs(arm.mean)), arm.variance / arm.mean**2)
