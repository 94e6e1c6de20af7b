"""The whole graph in this process: the same assets as the schedules, behind one lock."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from intake.ops_records import RunSummary
from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.environment import configure
from orchestration.locks import run_lock
from orchestration.run_report import RunReport
from orchestration.stages import OnStage, OnStart, StageClock

Train = Literal["auto"] | bool


def run_pipeline(
    project: Project,
    as_of: datetime,
    *,
    select: Sequence[str] | None = None,
    train: Train = "auto",
    hourly: bool = False,
    on_stage: OnStage | None = None,
    on_start: OnStart | None = None,
) -> RunReport:
    """Take in what has landed, rebuild what it touched, and publish.

    Args:
        project: folders, settings and clock.
        as_of: the moment to look from (aware); nothing that arrived at or after it is seen.
        select: asset selections in Dagster's syntax (`group:…`, `marts/dim_customer+`, …); None means everything.
        train: True trains, False scores with what there is, `auto` trains when a model is missing or a week old.
        hourly: only what an hourly run does: touched days, and the rows of the customers they concern.
        on_stage: called when a step ends, with its name, its seconds and the peak bytes of the process tree.
        on_start: called when a step starts, with its name.

    Raises:
        RunInProgressError: another process runs on this data folder.
        RunFailedError: a step failed; the message says which and why, in one line.
        ValueError: `as_of` has no time zone, or a selection matches nothing.
    """
    if hourly and select is not None:
        raise ValueError(f"hourly: an hourly run has its own selection; leave out {' '.join(select)}")
    if as_of.tzinfo is None:
        raise ValueError(f"as_of: {as_of.isoformat()} has no time zone; write it as 2018-01-02T00:00:00Z")
    configure(project.paths, project.config)
    # Imported late: Dagster takes 10 s of CPU, and reads the environment that was just set.
    from orchestration.instance import heal, open_instance
    from orchestration.plan import RunPlan

    report = RunReport(run_id=uuid.uuid4().hex, as_of=as_of)
    clock = StageClock(on_stage, on_start, report.stages)
    with run_lock(project.paths), open_instance(project.paths, quiet=True) as instance, clock.sampling():
        report.notes += [f"failed run {run_id[:8]}: its process was gone" for run_id in heal(instance)]
        ops = OpsStore(project.paths)
        ops.require_no_open_erasure()
        _record(ops, project, report, finished=False)
        try:
            RunPlan(project, instance, clock, report, select, train, hourly).carry_out()
        except BaseException:
            report.state = "failed"
            raise
        finally:
            _record(ops, project, report, finished=True)
            whole = select is None and report.state == "done"
            report.notes += _conclude(project, report, whole=whole)
    return report


def _conclude(project: Project, report: RunReport, *, whole: bool) -> list[str]:
    from orchestration.after_run import after_run
    from orchestration.slo.finished import FinishedRun, pace_of

    stages: dict[str, float] = {}
    for stage in report.stages:
        stages[stage.name] = stages.get(stage.name, 0.0) + stage.seconds
    pace = pace_of(stages, trained=report.trained) if whole else "other"
    failed = frozenset({report.failed_step} if report.failed_step else ())
    done = FinishedRun(report.as_of, project.clock.now(), stages, pace, failed)
    return after_run(project, done, succeeded=report.state != "failed")


def _record(ops: OpsStore, project: Project, report: RunReport, *, finished: bool) -> None:
    now = project.clock.now()
    known = {run.run_id: run.started_at for run in ops.runs("run")} if finished else {}
    ops.record_run(
        RunSummary(
            run_id=report.run_id,
            kind="run",
            as_of=report.as_of,
            started_at=known.get(report.run_id, now),
            finished_at=now if finished else None,
            state=report.state if finished else "running",
            detail=report.detail(),
        )
    )
