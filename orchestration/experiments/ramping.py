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
    """Take the next step of the ramp when its days are over and the gates are open; else hold, once a reason.

    The gates are asked at every look, by what is known then: what held the ramp holds it no longer than it lasts.
    """
    design, events = reading.design, reading.events
    if not design.ramp or reading.is_closed or not _runs(design, events, now):
        return None
    held = position(design, events, reading.counts.first_exposed_at)
    if held is None:
        return None
    share, since, days = held
    if days is None or now < since + timedelta(days=days):
        return None
    closed = gates(reading) or unseen(reading, since, days, now)
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
    if share > design.traffic - SAME:
        return share, since, None
    # A share that no step has, since the file was edited, is held as long as the step below it asks for.
    reached = [step for step in design.ramp if step.share * design.traffic < share + SAME]
    return share, since, (reached[-1] if reached else design.ramp[0]).days


def gates(reading: Reading) -> str:
    """What of its health or of its guard rails keeps the ramp from moving on; empty when everything is green."""
    # Days that were lost are made up for: see `unseen`.
    unhealthy = [check.words for check in reading.checks if not check.is_ok and check.name != "days"]
    if unhealthy:
        return "; ".join(unhealthy)
    if reading.verdict in ("stop", "do not trust"):
        return reading.words
    every = (*reading.comparisons.arms, *reading.comparisons.slices)
    harmed = [one.watch.words for one in every if one.watch.state == "harm" and one.estimate.arm not in reading.paused]
    return "; ".join(harmed)


def unseen(reading: Reading, since: datetime, days: int, now: datetime) -> str:
    """What is still to be seen of a step: so many days with exposures after its first, and some of the last day."""
    counts = reading.counts
    if counts.last_shown_at is None:
        return "nobody was exposed yet"
    if counts.last_shown_at < now - timedelta(days=1):
        return f"nobody was exposed since {counts.last_shown_at:%Y-%m-%d %H:%M} UTC"
    seen = sum(day > since.date() for day in counts.shown_on)
    return "" if seen >= days else f"it was seen on {seen} of {days} days: others had no exposure"


def _runs(design: Experiment, events: Sequence[ExperimentEvent], now: datetime) -> bool:
    """Whether units are drawn now: by its file, or started by command, within its dates."""
    begun = design.status == "running" or (design.status == "draft" and _started(events))
    return begun and not _ended(events) and design.runs_at(now)


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
