"""Weekly looks at the primary metric: each spends a little of the chance of error, and none is taken twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from intake.ops_experiments import TakenLook
from ml.experiments.sequential import look as repeated_look
from ml.experiments.spending import LEAST_STEP
from orchestration.experiments.design import treatments
from orchestration.experiments.estimates import Estimate
from serving.experiments.definition import Experiment

EVERY = timedelta(days=7)
# Where neither a size nor an end was planned, the evidence is spread over four weeks.
ASSUMED_DAYS = 28
ALPHA = 0.05


def due_look(began: datetime, now: datetime, taken: Sequence[TakenLook], *, is_over: bool) -> int | None:
    """Number of the look to take now, or None: one a week since the first exposure, and one at the end.

    Weeks that were missed are not caught up with: what they would have shown is gone.
    """
    last = max((one.look for one in taken), default=0)
    if any(one.is_final for one in taken):
        return None
    week = int((now - began) / EVERY)
    if week > last:
        return week
    return last + 1 if is_over else None


def information(design: Experiment, units: int, began: datetime, now: datetime) -> float:
    """Share of the planned evidence that is there, 0 to 1: by units where a size is planned, else by time."""
    if design.planned_size:
        return min(units / design.planned_size, 1.0)
    hours = (now - began - timedelta(hours=design.attribution_hours)) / timedelta(hours=1)
    return min(max(hours / (_planned_days(design, began) * 24.0), 0.0), 1.0)


def _planned_days(design: Experiment, began: datetime) -> float:
    if design.ends_at is not None:
        return max((design.ends_at - began) / timedelta(days=1), 1.0)
    return float(ASSUMED_DAYS)


def take_looks(
    design: Experiment,
    found: Sequence[Estimate],
    taken: Sequence[TakenLook],
    *,
    number: int,
    share: float,
    now: datetime,
    is_over: bool,
) -> list[TakenLook]:
    """The looks at the primary metric of each arm that can be told; the chance of error is shared among the arms."""
    looks = (
        _one(design, one, taken, number=number, share=share, now=now, is_over=is_over)
        for one in found
        if one.effect is not None
    )
    return [one for one in looks if one is not None]


def _one(
    design: Experiment,
    estimate: Estimate,
    taken: Sequence[TakenLook],
    *,
    number: int,
    share: float,
    now: datetime,
    is_over: bool,
) -> TakenLook | None:
    before = [one.information for one in taken if one.arm == estimate.arm and one.metric == estimate.metric.name]
    if estimate.effect is None or share < (before[-1] if before else 0.0) + LEAST_STEP:
        return None
    is_final = is_over or share >= 1.0
    alpha = ALPHA / max(len(treatments(design)), 1)
    seen = repeated_look(estimate.effect, [*before, share], alpha=alpha, is_final=is_final)
    z = seen.z * estimate.metric.direction
    crossed = "" if not seen.is_crossed else "better" if z > 0 else "worse"
    return TakenLook(
        experiment=design.name,
        version=design.version,
        metric=estimate.metric.name,
        arm=estimate.arm,
        look=number,
        at=now,
        information=share,
        n=estimate.effect.n,
        z=z,
        bound=seen.bound,
        p_value=seen.p_value,
        low=seen.interval.low,
        high=seen.interval.high,
        crossed=crossed,
        is_final=is_final,
    )
