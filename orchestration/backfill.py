"""Rebuild a range of days on purpose, in this process, as the UI's backfill does through the daemon."""

from __future__ import annotations

from datetime import datetime

from intake.project import Project
from orchestration.environment import configure
from orchestration.fingerprint import remember
from orchestration.locks import run_lock
from orchestration.partitions import DayRange
from orchestration.run_report import RunFailedError, RunReport
from orchestration.stages import OnStage, OnStart, StageClock


def run_backfill(
    project: Project,
    days: DayRange,
    as_of: datetime,
    *,
    on_stage: OnStage | None = None,
    on_start: OnStart | None = None,
) -> RunReport:
    """Rebuild the daily tables of a range; the next run rebuilds everything behind them.

    Raises:
        RunInProgressError: another process runs on this data folder.
        RunFailedError: a step failed; the message says which and why.
    """
    configure(project.paths, project.config)
    report = RunReport(run_id="", as_of=as_of)
    clock = StageClock(on_stage, on_start, report.stages)
    with run_lock(project.paths), clock.sampling():
        _rebuild(project, days, clock, report)
        # The touched days are answered now, so without this the next run would find nothing to do behind them.
        remember(project.paths, "")
    return report


def _rebuild(project: Project, days: DayRange, clock: StageClock, report: RunReport) -> None:
    # Imported late: Dagster takes 10 s of CPU, and reads the environment that was just set.
    from orchestration.code_location import definitions_of_environment
    from orchestration.execution import execute
    from orchestration.instance import heal, open_instance
    from orchestration.jobs import DAYS, EXPORT, hourly_refresh
    from orchestration.resources import AS_OF_TAG

    with open_instance(project.paths, quiet=True) as instance:
        report.notes += [f"failed run {run_id[:8]}: its process was gone" for run_id in heal(instance)]
        tags = {AS_OF_TAG: report.as_of.isoformat(), **days.tags}
        definitions = definitions_of_environment()
        wanted = sorted((DAYS | EXPORT).resolve(definitions.resolve_asset_graph()))
        done = execute(definitions, instance, hourly_refresh.name, clock, tags=tags, assets=wanted)
        report.run_id = done.run_id
        report.dagster_runs.append(done.run_id)
        if done.failure is not None:
            report.state, report.failed_step, report.reason = "failed", done.failure.step, done.failure.reason
            raise RunFailedError(report)
        report.ranges.append(days)
