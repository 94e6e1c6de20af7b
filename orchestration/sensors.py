"""Days that intake touched ask for their rebuild."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from dagster import (
    AssetSelection,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunFailureSensorContext,
    RunRequest,
    RunsFilter,
    RunStatusSensorContext,
    SensorEvaluationContext,
    SkipReason,
    run_failure_sensor,
    run_status_sensor,
    sensor,
)

from intake.ops_records import RunSummary
from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.after_run import after_run
from orchestration.alerts import run_failed
from orchestration.execution import one_line, reason
from orchestration.instance import PROCESS_TAG, heal
from orchestration.jobs import CURRENT, DAYS, EXPORT, daily_publish, hourly_refresh, weekly_training
from orchestration.notices.send import notify
from orchestration.refresh.marks import marks_key, waiting
from orchestration.resources import AS_OF_TAG, Workspace
from orchestration.retraining import retraining_due
from orchestration.slo.finished import FinishedRun, Pace
from orchestration.touched import BRIDGE_DAYS, ranges_to_build, run_key

DRIFT_TAG = "concierge/drift"
MOST_ATTEMPTS = 3
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

    _conclude(context, project, succeeded=False, failed=frozenset(event.step_key or "" for event in steps))


@run_status_sensor(
    run_status=DagsterRunStatus.SUCCESS,
    name="finished_runs",
    default_status=DefaultSensorStatus.RUNNING,
    description="Writes down what runs of the daemon took, and measures what was promised.",
)
def finished_runs(context: RunStatusSensorContext) -> None:
    """`concierge run` does this by itself."""
    if PROCESS_TAG not in context.dagster_run.tags:
        _conclude(context, Project.open(), succeeded=True)


def _conclude(
    context: RunStatusSensorContext, project: Project, *, succeeded: bool, failed: frozenset[str] = frozenset()
) -> None:
    run = context.dagster_run
    steps = context.instance.get_run_step_stats(run.run_id)
    stages = {step.step_key: step.end_time - step.start_time for step in steps if step.start_time and step.end_time}
    now, tagged = project.clock.now(), run.tags.get(AS_OF_TAG)
    as_of = datetime.fromisoformat(tagged) if tagged else now
    pace: Pace = "daily" if run.job_name == daily_publish.name else "hourly"
    if not succeeded or run.job_name not in (daily_publish.name, hourly_refresh.name):
        pace = "other"
    OpsStore(project.paths).record_run(
        RunSummary(
            run_id=run.run_id,
            kind=run.job_name,
            as_of=as_of,
            started_at=now - timedelta(seconds=sum(stages.values())),
            finished_at=now,
            state="done" if succeeded else "failed",
            detail={"stages": {name: round(seconds, 2) for name, seconds in stages.items()}},
        )
    )
    after_run(project, FinishedRun(as_of, now, stages, pace, failed), succeeded=succeeded)


@sensor(
    name="digests",
    minimum_interval_seconds=60,
    default_status=DefaultSensorStatus.RUNNING,
    description="Sends what waits for the next digest, or was not taken by its receiver (settings: alerts.notify).",
)
def digests(_context: SensorEvaluationContext) -> SkipReason:
    """Asks for no run."""
    done = notify(Project.open())
    return SkipReason("; ".join(f"{notice.receiver}: {notice.state}" for notice in done) or "nobody is told")


@sensor(
    name="drifted_models",
    job=weekly_training,
    minimum_interval_seconds=300,
    default_status=DefaultSensorStatus.RUNNING,
    description="Asks for a training when drift stands that one may mend, at most once in models.drift_cooldown_days.",
)
def drifted_models(context: SensorEvaluationContext, workspace: Workspace) -> RunRequest | SkipReason:
    """The last training is part of the key: what was asked for once is not asked for again before it ran."""
    project = workspace.project()
    due = retraining_due(project, project.clock.now())
    if due is None:
        return SkipReason("no drift stands that a training may mend, or the last one is too recent")
    if context.instance.get_runs_count(RunsFilter(job_name=weekly_training.name, statuses=BUSY)):
        return SkipReason("a training is under way")
    key = f"drift since {due.last:%Y-%m-%dT%H:%M:%S}"
    ended = context.instance.get_runs_count(RunsFilter(job_name=weekly_training.name, tags={DRIFT_TAG: key}))
    if ended >= MOST_ATTEMPTS:
        return SkipReason(f"{ended} trainings for this drift failed; the alert run:… says why")
    return RunRequest(run_key=f"{key}@{ended}", tags={DRIFT_TAG: key, "concierge/causes": " ".join(due.causes)[:250]})


SENSORS = [touched_days, dead_runs, failed_runs, finished_runs, digests, drifted_models]
