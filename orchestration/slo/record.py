"""Keeps the measured objectives by day, and opens an alert for each that is not met."""

from __future__ import annotations

from collections.abc import Sequence

from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.alerts import Finding, settle
from orchestration.quality.day_alerts import family_of
from orchestration.slo.finished import FinishedRun
from orchestration.slo.measure import Level, levels

PREFIX = "slo_"
FAMILY = "slo:"
SOURCE = "slo"
# What a slow step of the run explains; the others have causes of their own.
OF_THE_RUN = frozenset({"hourly_run_seconds", "daily_run_minutes", "event_to_profile_minutes"})
WAITING = "waiting for a run"
MEANING = {
    "freshness_hours": "the newest row is {value} old, at most {target} promised",
    "event_to_profile_minutes": "events took {value} until they were in a profile, at most {target} promised",
    "model_age_days": "{which}, the oldest model in use, is {value} old, at most {target} promised",
    "decision_p99_ms": "99 of 100 decisions took up to {value}, at most {target} promised",
    "rollback_seconds": "the last rollback took {value}, at most {target} promised",
    "hourly_run_seconds": "an hourly run took {value}, at most {target} promised",
    "daily_run_minutes": "a daily run took {value}, at most {target} promised",
}


def record_levels(project: Project, run: FinishedRun) -> list[Level]:
    """Measure, keep as `slo_*` in `ops.metric_daily`, open alerts for breaches and resolve those that are met again."""
    ops, now = OpsStore(project.paths), project.clock.now()
    measured = levels(project, run)
    day = run.as_of.date()
    for level in measured:
        ops.record_metric(day, PREFIX + level.name, level.value, at=now, dimension=level.dimension)
    for level in measured:
        cause = _cause(level)
        settle(project, cause, _breach(ops, level, run, cause), source=level.dimension or SOURCE, exact=True)
    return measured


def _cause(level: Level) -> str:
    return FAMILY + level.name + (f":{level.dimension}" if level.dimension else "")


def _breach(ops: OpsStore, level: Level, run: FinishedRun, cause: str) -> Sequence[Finding]:
    if level.is_met or level.target is None:
        return []
    if level.name == "freshness_hours" and ops.standing_alerts(family_of(level.dimension, "silent")):
        # The silence is the cause and has its alert.
        return []
    said = MEANING[level.name].format(
        value=_amount(level.value, level), target=_amount(level.target, level), which=level.which
    )
    about = f"{level.dimension}: " if level.dimension else ""
    slow, detail = "", ""
    order = sorted(_stages(level, run).items(), key=lambda item: -item[1])[:5]
    if order:
        step, seconds = order[0]
        slow = f"; the slowest stage was {step} with {seconds:.0f} s"
        detail = "Stages: " + ", ".join(f"{name} {took:.1f} s" for name, took in order)
    title = f"{about}{said}{slow}, {run.as_of:%Y-%m-%d}"
    return [Finding(cause, title, detail, severity="warning")]


def _stages(level: Level, run: FinishedRun) -> dict[str, float]:
    """Seconds a stage of what the objective is about; before a run's stages events may have waited for it to begin."""
    if level.name not in OF_THE_RUN or not run.stages:
        return {}
    waited = level.value * 60 - run.seconds if level.name == "event_to_profile_minutes" else 0.0
    return {**run.stages, **({WAITING: waited} if waited > 0 else {})}


def _amount(value: float, level: Level) -> str:
    return f"{value:,.1f} {level.unit}" if value < 100 else f"{value:,.0f} {level.unit}"
