"""How large an experiment must be, from what the shop's own past says: units, days, and what can be found at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from ml.experiments import frames
from ml.experiments.power import detectable_effect, duration_days, planned_size
from orchestration.experiments.design import shares_of, treatments
from orchestration.experiments.estimates import known, prepared
from orchestration.experiments.history import Past
from orchestration.experiments.metric_registry import Metric, metric_of
from serving.experiments.definition import Experiment

ALPHA, POWER = 0.05, 0.8
LOOKS = 4
LEAST_UNITS, LEAST_EVENTS = 100, 20
TIMES = (0.5, 1.0, 1.5, 2.0, 3.0)
WEEKS = (1, 2, 4, 8)


class NoBasisError(ValueError):
    """The past is too thin to plan from; the message has the numbers."""


@dataclass(frozen=True)
class Needed:
    """An effect (relative), the units all arms need for it, and the days until they have come."""

    effect: float
    units: int
    days: int


@dataclass(frozen=True)
class Plan:
    """A plan for one metric.

    Attributes:
        mean: of the metric in the past, in its own unit.
        correlation: with what is known before the exposure; 0 where nothing is.
        units_a_day: new units a day in the experiment (its traffic, the holdout taken off).
        needed: for the effect asked for.
        table: the same for other effects.
        within: by weeks, the smallest effect that can be found; None where not even a doubling can.
        assumed: what it rests on.
    """

    metric: Metric
    mean: float
    correlation: float
    units_a_day: float
    needed: Needed
    table: tuple[Needed, ...]
    within: tuple[tuple[int, float | None], ...]
    assumed: tuple[str, ...]


def plan(design: Experiment, past: Past, effect: float, metric_name: str | None = None) -> Plan:
    """What the experiment needs to find a relative change of `effect` with chance 80 %.

    Raises:
        NoBasisError: too few units or events in the past.
    """
    metric, clustered = metric_of(metric_name or design.metrics.primary), design.unit == "session"
    statistic, correlation, notes = basis(past, metric)
    wider = design_effect(past, metric) if clustered else 1.0
    # Where visits are summed by person, nothing is adjusted by what was known before.
    correlation = 0.0 if clustered else correlation
    asked: dict[str, Any] = {
        "alpha": ALPHA, "power": POWER, "shares": shares_of(design), "plain": design.plain_arm,
        "correlation": correlation, "looks": LOOKS, "comparisons": max(len(treatments(design)), 1),
    }  # fmt: skip
    a_day = past.units_a_day * design.traffic * (1 - design.holdout)

    def needs(size: float) -> Needed:
        units = ceil(planned_size(statistic, size * metric.direction, **asked).total * wider)
        return Needed(size, units, duration_days(units, a_day))

    return Plan(
        metric, statistic.mean, correlation, a_day, needs(effect), _table(needs, effect),
        tuple((weeks, _within(statistic, a_day * 7 * weeks / wider, asked)) for weeks in WEEKS),
        (*_assumed(design, past), *_together(wider), *notes),
    )  # fmt: skip


def _table(needs: Any, effect: float) -> tuple[Needed, ...]:
    found = []
    for times in TIMES:
        try:
            found.append(needs(effect * times))
        except ValueError:
            # A share cannot rise beyond all units, nor fall below none.
            continue
    return tuple(found)


def _within(statistic: Any, units: float, asked: dict[str, Any]) -> float | None:
    try:
        return detectable_effect(statistic, max(ceil(units), 2), **asked)
    except ValueError:
        return None


def basis(past: Past, metric: Metric) -> tuple[Any, float, tuple[str, ...]]:
    """The statistic of the past, its correlation with what is known before, and what was done to the values.

    Raises:
        NoBasisError: too few units or events.
    """
    usable = known(past.units, metric)
    events = int((usable[metric.numerator].fillna(0) != 0).sum())
    if len(usable) < LEAST_UNITS or events < LEAST_EVENTS:
        raise NoBasisError(
            f"{metric.name}: {len(usable)} units, {events} of them with any {metric.numerator}, in {past.source}; at "
            f"least {LEAST_UNITS} units and {LEAST_EVENTS} such are needed to plan from"
        )
    frame, notes = prepared(usable, metric)
    if metric.kind == "ratio":
        return next(iter(frames.ratios(frame, "value", "below").values())), 0.0, notes
    made: dict[str, Any] = dict(
        frames.proportions(frame, "value") if metric.kind == "proportion" else frames.means(frame, "value")
    )
    found = next(iter(made.values()))
    if found.mean == 0:
        raise NoBasisError(f"{metric.name}: the mean is 0 in {past.source}; no change relative to it can be planned")
    return found, _correlation(frame) if metric.covariate else 0.0, notes


def design_effect(past: Past, metric: Metric) -> float:
    """How many times as many visits are needed since those of one person vary together (Kish 1965); at least 1."""
    frame, _ = prepared(known(past.units, metric), metric)
    below = "below" if metric.denominator else None
    made: dict[str, Any] = dict(frames.ratios(frame, "value", "below") if below else frames.means(frame, "value"))
    (alone,) = made.values()
    (together,) = frames.clustered(frame, "cluster_id", "value", below).values()
    if alone.variance == 0:
        return 1.0
    return max(1.0, float((together.variance / together.n) / (alone.variance / alone.n)))


def _together(wider: float) -> tuple[str, ...]:
    told = f"{wider:.2f} times as many visits as if each were another person's: those of one person vary together"
    return (told,) if wider > 1 else ()


def _correlation(frame: Any) -> float:
    before, value = frame["before"].to_numpy(), frame["value"].to_numpy()
    if before.std() == 0 or value.std() == 0:
        return 0.0
    return float(np.corrcoef(before, value)[0, 1])


def _assumed(design: Experiment, past: Past) -> Sequence[str]:
    days = sum(step.days for step in design.ramp if step.share < 1)
    ramp = (f"the days count whole traffic; the ramp's smaller steps take {days} days before it",) if days else ()
    return (
        f"{len(past.units):,} units seen in {past.source}: {past.units_a_day:,.1f} new ones a day",
        f"{design.traffic:.0%} of them take part, {design.holdout:.0%} of those in the holdout",
        f"outcomes of {design.attribution_hours} hours after the first exposure",
        f"found with chance {POWER:.0%}, false alarms {ALPHA:.0%} over {LOOKS} weekly looks and "
        f"{max(len(treatments(design)), 1)} comparisons",
        *ramp,
    )
