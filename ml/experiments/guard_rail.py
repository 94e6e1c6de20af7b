"""Whether a guard rail is hurt beyond what was allowed, asked as often as one likes."""

from __future__ import annotations

from math import sqrt
from typing import Literal, NamedTuple

from ml.experiments.arms import Statistic, pair_of
from ml.experiments.checks import at_least, inside
from ml.experiments.confidence_sequence import TUNING_N, confidence_sequence
from ml.experiments.difference import Kind, compare
from ml.experiments.effect import Effect, Interval, effect_of

State = Literal["harm", "safe", "open"]


class GuardRail(NamedTuple):
    """What a guard rail says now; `harm` and `safe` hold over all looks together with chance 1 - alpha each.

    Attributes:
        state: `harm` beyond the bound is shown, the bound is shown to be kept (`safe`), or neither (`open`).
        change: relative to |control|, plus is better; none when nothing can be said relative to the control.
        interval: two-sided confidence sequence of the change.
        p_harm: anytime p-value against "no harm beyond the bound".
        said: one sentence.
    """

    state: State
    change: float | None
    interval: Interval | None
    p_harm: float
    said: str


def guard_rail(
    control: Kind,
    treatment: Kind,
    *,
    harm: float = -0.02,
    alpha: float = 0.05,
    tuning_n: float = TUNING_N,
    lower_is_better: bool = False,
) -> GuardRail:
    """Judge treatment against control + harm x |control| by a one-sided confidence sequence.

    The question is put without dividing, so that it has an answer with a control of zero (no complaints yet) and below
    zero. The bound's own error is counted: it moves with the control.

    Args:
        control: the plain arm.
        treatment: the other.
        harm: relative change that is not allowed, below zero.
        alpha: error of all looks together, for harm and for safety each.
        tuning_n: units of both arms at which the sequence is to be narrowest.
        lower_is_better: complaints, returns, bounces.

    Raises:
        ValueError: harm not between -1 and 0 (-1 and 0 excluded), or as `difference.compare`.
    """
    inside(-1, 0, harm=harm)
    at_least(1, tuning_n=tuning_n)
    allowed = _against_bound(control, treatment, harm, lower_is_better, alpha)
    if allowed is None:
        return GuardRail("open", None, None, 1.0, f"harm beyond {-harm:.1%}: nothing varies yet in either arm")
    lost = confidence_sequence(allowed, alpha=alpha, tuning_n=tuning_n, side="less")
    kept = confidence_sequence(allowed, alpha=alpha, tuning_n=tuning_n, side="greater")
    state: State = "harm" if lost.interval.high < 0 else "safe" if kept.interval.low > 0 else "open"
    change, interval = _change(control, treatment, alpha, tuning_n, lower_is_better)
    return GuardRail(state, change, interval, lost.p_value, _said(state, change, interval, harm, lost.p_value))


def _against_bound(
    control: Statistic, treatment: Statistic, harm: float, lower_is_better: bool, alpha: float
) -> Effect | None:
    """How much better than the bound, plus is better, 0 is the bound; none without scatter."""
    pair = pair_of(control, treatment, "adjusted")
    a, b = pair.control, pair.treatment
    better = -1.0 if lower_is_better else 1.0
    sign = 1.0 if a.mean >= 0 else -1.0
    # better x (b - a) - harm x |a|, as weights of both means.
    weight = -better - harm * sign
    estimate = better * b.mean + weight * a.mean
    squares = b.variance / b.n + weight**2 * a.variance / a.n
    if squares == 0:
        return None
    return effect_of(estimate, sqrt(squares), a.n + b.n, alpha=alpha, side="two")


def _change(
    control: Kind, treatment: Kind, alpha: float, tuning_n: float, lower_is_better: bool
) -> tuple[float | None, Interval | None]:
    lift = compare(control, treatment, alpha=alpha).relative
    if lift is None:
        return None, None
    low, high = confidence_sequence(lift, alpha=alpha, tuning_n=tuning_n).interval
    return (-lift.estimate, Interval(-high, -low)) if lower_is_better else (lift.estimate, Interval(low, high))


def _said(state: State, change: float | None, interval: Interval | None, harm: float, p: float) -> str:
    what = {
        "harm": f"harm beyond {-harm:.1%} is shown",
        "safe": f"harm beyond {-harm:.1%} is ruled out",
        "open": f"harm beyond {-harm:.1%} is neither shown nor ruled out",
    }[state]
    if change is None or interval is None:
        return f"{what} (anytime p {p:.3g}); no relative change, the control is too near 0"
    return f"{what} (anytime p {p:.3g}): change {change:+.1%}, {interval.low:+.1%} to {interval.high:+.1%}"
