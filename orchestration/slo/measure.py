"""Measures each objective after a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from intake.ops_records import RunSummary
from intake.ops_store import OpsStore
from intake.project import Project
from intake.settings_quality import SloSettings
from orchestration.champions.looks import confirmed_at
from orchestration.model_registry import ModelRegistry
from orchestration.quality.arrivals import silences
from orchestration.slo.finished import FinishedRun
from serving.metrics.files import decision_p99_ms

OTHERS = "*"
# The step that makes profiles, in runs of the daemon too. One without anything to do found them up to date.
PROFILES_STEP, NOTHING_TO_DO = "profile_models", "nothing_to_do"
# Kept by whoever measures them, without target: the workers' histograms by day, the last `concierge rollback`.
KEPT_ELSEWHERE = ("decision_p99_ms", "rollback_seconds")


@dataclass(frozen=True)
class Level:
    """One objective as measured; `dimension` is the source of a freshness. `target` None: nothing was promised.

    `which` names the one that was measured, where it is one of several.
    """

    name: str
    dimension: str
    value: float
    target: float | None
    unit: str
    which: str = ""

    @property
    def is_met(self) -> bool:
        """Within the target, or without one."""
        return self.target is None or self.value <= self.target


def levels(project: Project, run: FinishedRun) -> list[Level]:
    """Every objective that this run tells something about."""
    ops, promised = OpsStore(project.paths), project.settings.slo
    found = [*_freshness(ops, project, promised, run.as_of), *_models(project, promised, run.as_of)]
    found += _lag(ops, promised, run)
    if run.pace == "hourly":
        found.append(Level("hourly_run_seconds", "", run.seconds, promised.hourly_run_seconds, "s"))
    if run.pace == "daily":
        found.append(Level("daily_run_minutes", "", run.seconds / 60, promised.daily_run_minutes, "min"))
    return [*found, *_elsewhere(ops, project)]


def _freshness(ops: OpsStore, project: Project, promised: SloSettings, as_of: datetime) -> Iterator[Level]:
    targets = promised.freshness_hours
    for one in silences(ops.visible_files(), as_of, project.settings.quality):
        target = targets.get(one.source, targets.get(OTHERS))
        yield Level("freshness_hours", one.source, round(one.hours, 3), target, "h")


def _models(project: Project, promised: SloSettings, as_of: datetime) -> Iterator[Level]:
    registry = ModelRegistry(project.paths.models)
    confirmed = confirmed_at(OpsStore(project.paths), registry)
    if confirmed:
        oldest = min(confirmed, key=lambda name: (confirmed[name], name))
        days = (as_of - confirmed[oldest]).total_seconds() / 86_400
        yield Level("model_age_days", "", round(days, 3), promised.model_age_days, "d", oldest)


def _lag(ops: OpsStore, promised: SloSettings, run: FinishedRun) -> Iterator[Level]:
    """From the first batch that came since the run before until this run's end; only runs that made a profile.

    One that failed, only took in or trained made none: what came before it has waited for this one.
    """
    if run.pace == "other":
        return
    made = [one.finished_at for one in ops.runs() if one.finished_at and _left_profiles(one)]
    before = [moment for moment in made if moment < run.finished_at]
    since = max((end for end in before if (run.finished_at - end).total_seconds() > run.seconds), default=None)
    # What brought no event, repeats only, leaves profiles as they are.
    came = [batch.finished_at for batch in ops.batches() if batch.events and batch.finished_at <= run.finished_at]
    came = [moment for moment in came if since is None or moment > since]
    if came:
        minutes = (run.finished_at - min(came)).total_seconds() / 60
        yield Level("event_to_profile_minutes", "", round(minutes, 3), promised.event_to_profile_minutes, "min")


def _left_profiles(run: RunSummary) -> bool:
    """Whether profiles knew what had come when it ended."""
    made = run.state == "done" and PROFILES_STEP in run.detail.get("stages", ())
    return made or run.state == NOTHING_TO_DO


def _elsewhere(ops: OpsStore, project: Project) -> Iterator[Level]:
    for day, p99 in decision_p99_ms(project.paths.service_log).items():
        ops.record_metric(day, "decision_p99_ms", round(p99, 3), at=project.clock.now())
    for name in KEPT_ELSEWHERE:
        kept: Sequence[float] = [item.value for item in ops.metrics(name)]
        if kept:
            unit = "ms" if name.endswith("ms") else "s"
            yield Level(name, "", kept[-1], getattr(project.settings.slo, name), unit)
