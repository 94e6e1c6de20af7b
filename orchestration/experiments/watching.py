"""Guard rails: sequences that may be looked at every day, saying harm, safe or open of an arm and a metric."""

from __future__ import annotations

from dataclasses import dataclass

from ml.experiments.confidence_sequence import confidence_sequence
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
    """Where only the effect is known, as in a bandit: the sequence of its relative lift."""
    relative = estimate.comparison.relative if estimate.comparison else None
    if relative is None:
        return UNKNOWN
    interval = confidence_sequence(relative).interval
    turned = estimate.metric.direction
    low, high = sorted((turned * interval.low, turned * interval.high))
    state = "harm" if high < harm else "safe" if low > harm else "open"
    change = turned * relative.estimate
    return Watch(
        state, change, low, high, f"{estimate.metric.label} {change:+.1%} ({low:+.1%} to {high:+.1%}), {state}"
    )
