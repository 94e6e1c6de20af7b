"""Starting, stopping and shipping experiments by hand: each a line in their history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from intake.ops_experiments import ExperimentBook, ExperimentEvent
from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.experiments.settling import ended_by, settle
from orchestration.experiments.versions import ENDING, UnknownExperimentError, in_files, named
from orchestration.experiments_published import require_startable
from orchestration.warehouse import Warehouse
from serving.experiments.definition import Experiment

LASTING = ("start", "ramp", "hold", *ENDING)


class StepRefusedError(ValueError):
    """A step that does not follow from where the experiment stands."""


@dataclass(frozen=True)
class Step:
    """Who takes a step, why and when (aware)."""

    actor: str
    reason: str
    at: datetime


def start(project: Project, name: str, step: Step) -> ExperimentEvent:
    """Begin with the first share of the ramp.

    Raises:
        UnknownExperimentError: no such experiment.
        StepRefusedError: it runs already, its file says paused or stopped, or its version was stopped before.
        ConfigError: it cannot run beside those that run, for want of room in its layer or because of its placement.
    """
    design = named(project, name)
    if design.status in ("paused", "stopped"):
        raise StepRefusedError(f"{design.key}: its file says status: {design.status}; set it to draft or running first")
    if (ended := last_step(project, design)) in ENDING:
        raise StepRefusedError(
            f"{design.key}: its version has ended ({ended}); raise `version` to {design.version + 1} to begin again"
        )
    if ended is not None or design.status == "running":
        raise StepRefusedError(f"{design.key}: it runs already")
    require_startable(project, list(in_files(project).values()), name)
    return _record(project, design, "start", step, design.first_share)


def stop(project: Project, name: str, step: Step) -> ExperimentEvent:
    """End it: everybody sees the plain answer again with the next version that goes live. Alerts about it are resolved.

    Raises:
        UnknownExperimentError: no such experiment.
        StepRefusedError: it does not run.
    """
    design = named(project, name)
    _require_running(project, design)
    return _record(project, design, "stop", step, 0.0)


def ship(project: Project, name: str, arm: str, step: Step, *, anyway: bool = False) -> ExperimentEvent:
    """Record the decision for an arm and end the experiment.

    Args:
        anyway: also against what the last read-out says; the reason is kept.

    Raises:
        UnknownExperimentError: no such experiment or arm.
        StepRefusedError: it does not run, or the last read-out does not say to ship this arm.
    """
    design = named(project, name)
    if arm not in design.arms:
        raise UnknownExperimentError(f"{design.key} has no arm {arm!r}; there are: {', '.join(design.arms)}")
    _require_running(project, design)
    word, words = last_verdict(project, design)
    if not anyway and (word != "ship" or f"Ship {arm}:" not in words):
        raise StepRefusedError(f"{design.key}: {words or 'nothing was read out yet.'} --anyway records it all the same")
    return _record(project, design, "ship", step, 0.0, {"arm": arm, "verdict": word, "words": words})


def last_step(project: Project, design: Experiment) -> str | None:
    """Kind of the newest step that decides whether it runs; None before the first."""
    events = ExperimentBook(project.paths).experiment_events(design.name, design.version)
    return next((event.kind for event in reversed(events) if event.kind in LASTING), None)


def last_verdict(project: Project, design: Experiment) -> tuple[str, str]:
    """Verdict and words of the last read-out; empty before it."""
    warehouse = Warehouse(project.paths.warehouse)
    if not warehouse.has_table("ml.experiment_result"):
        return "", ""
    rows = warehouse.rows(
        "select verdict, words from ml.experiment_result where experiment = ? and experiment_version = ? limit 1",
        [design.name, design.version],
    )
    return (str(rows[0][0]), str(rows[0][1])) if rows else ("", "")


def _require_running(project: Project, design: Experiment) -> None:
    step = last_step(project, design)
    if step in ENDING:
        raise StepRefusedError(f"{design.key}: it has ended already ({step})")
    if step is None and design.status != "running":
        raise StepRefusedError(f"{design.key}: it does not run; its file says status: {design.status}")


def _record(
    project: Project, design: Experiment, kind: str, step: Step, share: float, evidence: dict[str, object] | None = None
) -> ExperimentEvent:
    event = ExperimentEvent(
        design.name, design.version, kind, step.at, step.actor, step.reason, share, dict(evidence or {})
    )
    book = ExperimentBook(project.paths)
    book.record_experiment_event(event)
    if kind in ENDING:
        note = ended_by(design, book.experiment_events(design.name, design.version))
        settle(OpsStore(project.paths), design.key, note, step.at)
    return event
