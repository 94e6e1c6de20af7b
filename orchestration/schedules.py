"""When it runs. Times are UTC."""

from __future__ import annotations

from dagster import DefaultScheduleStatus, ScheduleDefinition

from orchestration.jobs import daily_publish, hourly_intake, weekly_training

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
SCHEDULES = [hourly, daily, weekly]
