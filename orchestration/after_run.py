"""What follows every run, whoever started it: objectives, alerts that are over, notices."""

from __future__ import annotations

from intake.project import Project
from orchestration.alerts import steps_succeeded
from orchestration.notices.send import notify
from orchestration.slo.finished import FinishedRun
from orchestration.slo.record import record_levels


def after_run(project: Project, run: FinishedRun, *, succeeded: bool) -> list[str]:
    """Measure, resolve and tell; returns readable lines of what went wrong with telling."""
    if succeeded or run.failed_steps:
        steps_succeeded(project, run.stages.keys() - run.failed_steps)
    record_levels(project, run)
    return [f"notice to {notice.receiver}: {notice.said}" for notice in notify(project) if notice.failed]
