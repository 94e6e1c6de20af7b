"""Guard rails: sequences that may be looked at every day, saying harm, safe or open of an arm and a metric."""

from __future__ import annotations

from dataclasses import dataclass

from ml.experiments.confidence_sequence import confidence_sequence
from ml.experiments.effect import Side, effect_of
from ml.experiments.guard_rail import guard_rail
from orchestration.experiments.design import harm_of
from orchestration.experiments.estimates import LEAST_UNITS, Estimate
from serving.experiments.definition import Experiment


@dataclass(frozen=True)
class Watch:
    """What a sequence says of an arm against the plain one.

    Attributes:
        state: `harm`, `safe` or `open`.
        change: relative change, plus is better; None where it cannot be told.
        low, high: its bounds, valid at every look.
        words: one sentence.
    """

    state: str
    change: float | None
    low: float | None
    high: float | None
    words: str


UNKNOWN = Watch("", None, None, None, "")


def watched(design: Experiment, estimate: Estimate) -> Watch:
    """The sequence of one estimate, also of one that is refused for too few events: harm often begins with none."""
    metric, harm = estimate.metric, harm_of(design, estimate.metric.name)
    if estimate.plain is None or estimate.treatment is None:
        return _of_effect(estimate, harm)
    if min(estimate.plain.n, estimate.treatment.n) < LEAST_UNITS:
        return UNKNOWN
    try:
        found = guard_rail(estimate.plain, estimate.treatment, harm=harm, lower_is_better=metric.lower_is_better)
    except ValueError:
        return UNKNOWN
    low, high = (found.interval.low, found.interval.high) if found.interval else (None, None)
    return Watch(found.state, found.change, low, high, found.said)


def _of_effect(estimate: Estimate, harm: float) -> Watch:
    """Where only the effect is known, as in a bandit: its sequence against the bound, put without dividing.

    A plain arm that nobody complained of has no relative change, and harm is seen all the same. The bound's own error
    is not known beside the effect's: that is taken larger by the bound, which is wide rather than narrow.
    """
    told = estimate.comparison
    if told is None:
        return UNKNOWN
    better, turned = estimate.metric.direction * told.absolute.estimate, estimate.metric.direction
    error = told.absolute.standard_error * (1 - harm)
    allowed = effect_of(better - harm * abs(told.control), error, told.absolute.n, alpha=0.05, side="two")
    sides: tuple[Side, Side] = ("less", "greater")
    lost, kept = (confidence_sequence(allowed, side=side).interval for side in sides)
    state = "harm" if lost.high < 0 else "safe" if kept.low > 0 else "open"
    label = estimate.metric.label
    if told.relative is None:
        return Watch(state, None, None, None, f"{label}: no relative change, the plain arm is too near 0; {state}")
    interval, change = confidence_sequence(told.relative).interval, turned * told.relative.estimate
    low, high = sorted((turned * interval.low, turned * interval.high))
    return Watch(state, change, low, high, f"{label} {change:+.1%} ({low:+.1%} to {high:+.1%}), {state}")
