"""Days that intake touched ask for their rebuild."""

from __future__ import annotations

from collections.abc import Iterator

from dagster import (
    DagsterRunStatus,
    DefaultSensorStatus,
    RunFailureSensorContext,
    RunRequest,
    RunsFilter,
    SensorEvaluationContext,
    SkipReason,
    run_failure_sensor,
    sensor,
)

from intake.project import Project
from orchestration.alerts import run_failed
from orchestration.execution import one_line, reason
from orchestration.instance import PROCESS_TAG, heal
from orchestration.jobs import hourly_refresh
from orchestration.resources import Workspace
from orchestration.touched import ranges_to_build, run_key

BUSY = [DagsterRunStatus.QUEUED, DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED]


@sensor(
    name="touched_days",
    job=hourly_refresh,
    minimum_interval_seconds=30,
    default_status=DefaultSensorStatus.RUNNING,
    description="Groups touched days and their neighbours into contiguous ranges and asks for one run each.",
)
def touched_days(context: SensorEvaluationContext, workspace: Workspace) -> Iterator[RunRequest | SkipReason]:
    """One run request a range; the same touches never ask twice, and a range that failed is asked for again."""
    ops = workspace.ops()
    touches = ops.touches()
    if not touches:
        yield SkipReason("no day was touched since its last rebuild")
        return
    waiting = context.instance.get_runs_count(RunsFilter(job_name=hourly_refresh.name, statuses=BUSY))
    if waiting:
        yield SkipReason(f"{waiting} refreshes are under way; they may answer these {len(touches)} touches")
        return
    for built in ranges_to_build({item.event_date for item in touches}, ops.visible_files()):
        key = f"{run_key(built, touches)}@{failures(context, run_key(built, touches))}"
        yield RunRequest(run_key=key, tags={**built.tags, "concierge/touches": run_key(built, touches)})


def failures(context: SensorEvaluationContext, key: str) -> int:
    """How many runs for these very touches ended: a new attempt needs a new key."""
    return context.instance.get_runs_count(RunsFilter(job_name=hourly_refresh.name, tags={"concierge/touches": key}))


@sensor(
    name="dead_runs",
    minimum_interval_seconds=30,
    default_status=DefaultSensorStatus.RUNNING,
    description="Fails runs whose process is gone (kill -9, power cut) and frees the writer's slot they held.",
)
def dead_runs(context: SensorEvaluationContext) -> SkipReason:
    """Heal; asks for no run by itself: what the dead run should have done is still marked as touched."""
    healed = heal(context.instance)
    return SkipReason(f"failed {len(healed)} dead runs: {', '.join(healed)}" if healed else "no dead run")


@run_failure_sensor(
    name="failed_runs",
    default_status=DefaultSensorStatus.RUNNING,
    description="Opens an alert for each step that failed in a run of the daemon.",
)
def failed_runs(context: RunFailureSensorContext) -> None:
    """`concierge run` reports its own failures; here are those that nobody watched."""
    run = context.dagster_run
    if PROCESS_TAG in run.tags:
        return
    project = Project.open()
    steps = context.get_step_failure_events()
    for event in steps:
        run_failed(project, event.step_key or run.job_name, reason(event))
    if not steps:
        run_failed(project, run.job_name, one_line(context.failure_event.message or "unknown reason"))


SENSORS = [touched_days, dead_runs, failed_runs]
