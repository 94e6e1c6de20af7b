"""What was told of an experiment ends with it: alerts about one that is over ask for nothing any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from intake.ops_experiments import ExperimentEvent
from intake.ops_store import OpsStore
from intake.pause_records import ARM
from serving.experiments.definition import Experiment

FAMILY = "experiment:"
OF_ARMS = f"pause:{ARM}"
ENDS = ("stop", "ship")


def settle(ops: OpsStore, key: str, note: str, at: datetime) -> list[str]:
    """Resolve the standing alerts about `name/version` and its arms, and return their causes.

    An arm that was paused stays so: until the end is live it must not be drawn. A placement that was paused is resumed
    by whoever looked into it, and its alert stands until then.
    """
    causes = [one.cause for one in ops.standing_alerts(FAMILY) if one.cause.endswith(f":{key}")]
    causes += [one.cause for one in ops.standing_alerts(OF_ARMS) if one.cause.startswith(f"{OF_ARMS}{key}/")]
    for cause in causes:
        ops.resolve_cause(cause, at=at, note=note)
    return causes


def ended_by(design: Experiment, events: Sequence[ExperimentEvent]) -> str:
    """How a version that is over came to its end, as the note of an alert."""
    steps = [event for event in events if event.kind in ("start", "ramp", *ENDS)]
    if steps and steps[-1].kind in ENDS:
        last = steps[-1]
        done = "stopped" if last.kind == "stop" else "ended by shipping an arm"
        return f"{design.key} was {done} by {last.actor} on {last.at:%Y-%m-%d}: {last.reason}"
    if design.status == "stopped":
        return f"{design.key} is over: its file says stopped"
    return f"{design.key} is over: nobody new is drawn by it"


def standing(design: Experiment, events: Sequence[ExperimentEvent], *, is_closed: bool) -> str:
    """Where a version stands, as a marketer asks: over and how, paused, or running with which share of its layer."""
    if is_closed:
        return ended_by(design, events)
    if design.status == "paused":
        return f"{design.key} is paused by its file"
    if design.status == "draft" and not any(event.kind == "start" for event in events):
        return f"{design.key} is a draft: nobody draws from it now"
    told = [event.share for event in events if event.share is not None]
    share = min(told[-1], design.traffic) if told else design.first_share
    return f"{design.key} runs with {share:.0%} of its layer"
