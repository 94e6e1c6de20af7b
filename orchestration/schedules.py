"""When it runs. Times are UTC."""

from __future__ import annotations

from dagster import (
    AssetKey,
    DefaultScheduleStatus,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SkipReason,
    schedule,
)

from orchestration.jobs import TRAINING, daily_publish, hourly_intake, often_training, weekly_training
from orchestration.resources import Workspace

hourly = ScheduleDefinition(
    name="hourly",
    job=hourly_intake,
    cron_schedule="5 * * * *",
    execution_timezone="UTC",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Five past each hour: files that are written on the hour have arrived. Touched days follow by sensor.",
)
daily = ScheduleDefinition(
    name="daily",
    job=daily_publish,
    cron_schedule="30 2 * * *",
    execution_timezone="UTC",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Half past two: after the day's last hourly runs, before anybody shops.",
)
weekly = ScheduleDefinition(
    name="weekly",
    job=weekly_training,
    cron_schedule="0 4 * * 1",
    execution_timezone="UTC",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Mondays at four: scoring never trains, so a new model version is looked at within the week.",
)


@schedule(
    name="every_48_hours",
    job=often_training,
    cron_schedule="0 5 * * *",
    execution_timezone="UTC",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Every other day at five: models whose labels are known within days (models.every_48_hours).",
)
def every_48_hours(context: ScheduleEvaluationContext, workspace: Workspace) -> RunRequest | SkipReason:
    """Even days since 1970, so that two runs are 48 hours apart over the end of every month."""
    moment = context.scheduled_execution_time
    if moment.toordinal() % 2:
        return SkipReason(f"{moment:%Y-%m-%d} is the day between two trainings")
    wanted = workspace.project().settings.models.every_48_hours
    if not wanted:
        return SkipReason("models.every_48_hours names no model")
    if context.repository_def is None:
        raise RuntimeError("the schedule every_48_hours has no code location to select assets from")
    known = TRAINING.resolve(context.repository_def.asset_graph)
    unknown = [name for name in wanted if AssetKey(["models", name]) not in known]
    if unknown:
        names = sorted(key.path[-1] for key in known if key.path[0] == "models")
        raise ValueError(f"models.every_48_hours: no model {', '.join(unknown)}; there are: {', '.join(names)}")
    return RunRequest(run_key=f"{moment:%Y-%m-%d}", asset_selection=[AssetKey(["models", name]) for name in wanted])


SCHEDULES = [hourly, daily, weekly, every_48_hours]
