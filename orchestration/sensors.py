"""Days that intake touched ask for their rebuild."""

from __future__ import annotations

from collections.abc import Iterator

from dagster import (
    AssetSelection,
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
from orchestration.jobs import CURRENT, DAYS, EXPORT, hourly_refresh
from orchestration.refresh.marks import marks_key, waiting
from orchestration.resources import Workspace
from orchestration.touched import BRIDGE_DAYS, ranges_to_build, run_key

BUSY = [DagsterRunStatus.QUEUED, DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED]


@sensor(
    name="touched_days",
    job=hourly_refresh,
    minimum_interval_seconds=30,
    default_status=DefaultSensorStatus.RUNNING,
    description="Asks for the rebuild of touched days, a range after the other, and with the last one for the rows of "
    "the customers they concern.",
)
def touched_days(context: SensorEvaluationContext, workspace: Workspace) -> Iterator[RunRequest | SkipReason]:
    """One run at a time; the same touches never ask twice, and what failed is asked for again."""
    ops = workspace.ops()
    touches, behind = ops.touches(), waiting(ops)
    if not touches and not behind:
        yield SkipReason("no day was touched since its last rebuild")
        return
    busy = context.instance.get_runs_count(RunsFilter(job_name=hourly_refresh.name, statuses=BUSY))
    if busy:
        yield SkipReason(f"{busy} refreshes are under way; they may answer these {len(touches)} touches")
        return
    days = {item.event_date for item in touches}
    ranges = ranges_to_build(days, ops.visible_files(), bridge_days=BRIDGE_DAYS)
    if not ranges:
        yield _request(context, marks_key(behind), {}, CURRENT | EXPORT)
        return
    # The customers' rows follow with the last range: once, and not once a range.
    selection = DAYS if len(ranges) > 1 else DAYS | CURRENT | EXPORT
    yield _request(context, run_key(ranges[0], touches), ranges[0].tags, selection)


def _request(context: SensorEvaluationContext, key: str, tags: dict[str, str], selection: AssetSelection) -> RunRequest:
    if context.repository_def is None:
        raise RuntimeError("the sensor touched_days has no code location to select assets from")
    return RunRequest(
        run_key=f"{key}@{failures(context, key)}",
        tags={**tags, "concierge/touches": key},
        asset_selection=sorted(selection.resolve(context.repository_def.asset_graph)),
    )


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
