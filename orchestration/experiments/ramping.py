"""The ramp: from a small share to the whole traffic in steps, each only when everything is green."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from intake.ops_experiments import ExperimentBook, ExperimentEvent
from orchestration.experiments.reading import Reading
from serving.experiments.definition import Experiment

ACTOR = "daily run"
# What the service has been told to serve, up to rounding.
SAME = 1e-9


def move_on(book: ExperimentBook, reading: Reading, now: datetime) -> ExperimentEvent | None:
    """Take the next step of the ramp when its days are over and the gates are open; else hold, once a reason."""
    design, events = reading.design, reading.events
    runs = design.status == "running" or _started(events)
    if not design.ramp or not runs or _ended(events):
        return None
    held = position(design, events, reading.counts.first_exposed_at)
    if held is None:
        return None
    share, since, days = held
    if days is None or now < since + timedelta(days=days):
        return None
    closed = gates(reading)
    step = _event(design, now, "hold", f"the ramp stays at {share:.0%} of the layer: {closed}", None) if closed else (
        _next(design, now, share)
    )  # fmt: skip
    if closed and _told_already(events, step):
        return None
    book.record_experiment_event(step)
    return step


def position(
    design: Experiment, events: Sequence[ExperimentEvent], first_exposed_at: datetime | None
) -> tuple[float, datetime, int | None] | None:
    """Share of the layer in force, since when, and the days it is held; None days at the end of the ramp."""
    told = [event for event in events if event.share is not None]
    since = told[-1].at if told else design.starts_at or first_exposed_at
    if since is None:
        return None
    share = told[-1].share if told and told[-1].share is not None else design.first_share
    days = next((step.days for step in design.ramp if abs(step.share * design.traffic - share) < SAME), None)
    return share, since, days


def gates(reading: Reading) -> str:
    """What keeps the ramp from moving on; empty when everything is green."""
    unhealthy = [check.words for check in reading.checks if not check.is_ok]
    if unhealthy:
        return "; ".join(unhealthy)
    if reading.verdict in ("stop", "do not trust"):
        return reading.words
    compared = (*reading.comparisons.arms, *reading.comparisons.slices)
    harmed = [one.watch.words for one in compared if one.watch.state == "harm"]
    if harmed:
        return "; ".join(harmed)
    return "" if reading.counts.first_exposed_at else "nobody was exposed yet"


def _next(design: Experiment, now: datetime, share: float) -> ExperimentEvent:
    shares = [step.share * design.traffic for step in design.ramp]
    higher = min((one for one in [*shares, design.traffic] if one > share + SAME), default=design.traffic)
    return _event(design, now, "ramp", f"health and guard rails are green: from {share:.0%} to {higher:.0%}", higher)


def _event(design: Experiment, now: datetime, kind: str, reason: str, share: float | None) -> ExperimentEvent:
    return ExperimentEvent(design.name, design.version, kind, now, ACTOR, reason, share)


def _told_already(events: Sequence[ExperimentEvent], step: ExperimentEvent) -> bool:
    last = [event for event in events if event.kind != "arm"][-1:]
    return bool(last) and last[0].kind == "hold" and last[0].reason == step.reason


def _started(events: Sequence[ExperimentEvent]) -> bool:
    return any(event.kind == "start" for event in events)


def _ended(events: Sequence[ExperimentEvent]) -> bool:
    last = [event.kind for event in events if event.kind in ("start", "ramp", "stop", "ship")]
    return last[-1:] in (["stop"], ["ship"])
