"""Sources and days that are not as usual, as asset checks: they warn and stop nothing."""

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
from dagster import AssetCheckExecutionContext, AssetCheckResult, AssetChecksDefinition, AssetKey, asset_check

from intake.project import Project
from ml.watch.rhythm import Silence
from orchestration.checks.suite_checks import result, validated
from orchestration.checks.suites import ARRIVALS, DAYS
from orchestration.groups import WRITER_POOL
from orchestration.pin import current_as_of
from orchestration.quality.affected import reach
from orchestration.quality.arrivals import silences
from orchestration.quality.day_alerts import quiet_families, settle_days
from orchestration.quality.look import Look, bounds_of, look
from orchestration.quality.measures import no_measures, read_measures
from orchestration.resources import Workspace
from orchestration.warehouse import Warehouse


def watch_arrivals(project: Project, found: Sequence[Silence], now: datetime) -> Look:
    """Open or extend the alerts of sources that are quiet for longer than they may be."""
    quiet = look(project, no_measures(), found, now)
    settle_days(project, quiet.oddities, quiet.judged, kinds=("silent",))
    return quiet


def watch_days(project: Project, warehouse: Warehouse, found: Sequence[Silence], as_of: datetime) -> Look:
    """Judge the last complete days of every source and settle their alerts."""
    settings = project.settings
    bounds = bounds_of(settings.quality)
    measures = read_measures(warehouse, as_of, bounds, settings.quality.watch_days, settings.time_zone)
    seen = look(project, measures, found, as_of)
    touched = reach(warehouse, sorted({one.source for one in seen.oddities}), as_of)
    settle_days(project, seen.oddities, seen.judged, touched, told=quiet_families(found))
    return seen


@asset_check(asset=AssetKey(["ops", "lake_file"]), description=f"Great Expectations suite: {ARRIVALS.description}")
def freshness(context: AssetCheckExecutionContext, workspace: Workspace) -> AssetCheckResult:
    """Warns; stale data are published rather than nothing."""
    project, now = workspace.project(), workspace.as_of(context.run)
    found = silences(workspace.ops().visible_files(), now, project.settings.quality)
    watch_arrivals(project, found, now)
    return result(project, ARRIVALS, validated(project, ARRIVALS, arrivals_frame(found)))


@asset_check(
    asset=AssetKey(["intermediate", "int_events"]),
    description=f"Great Expectations suite: {DAYS.description}",
    pool=WRITER_POOL,
)
def days_suite(context: AssetCheckExecutionContext, workspace: Workspace) -> AssetCheckResult:
    """Warns; what is odd about a day may be true."""
    project, warehouse = workspace.project(), workspace.warehouse()
    as_of = current_as_of(warehouse) or workspace.as_of(context.run)
    found = silences(workspace.ops().visible_files(), as_of, project.settings.quality)
    seen = watch_days(project, warehouse, found, as_of)
    context.log.info("%d sources judged, %d findings", len(seen.judged), len(seen.oddities))
    return result(project, DAYS, validated(project, DAYS, seen.frame()))


def arrivals_frame(found: Sequence[Silence]) -> pd.DataFrame:
    """One row a source: last arrival, hours quiet, hours allowed (nan: no rhythm), hours beyond that."""
    return pd.DataFrame(
        {
            "source": [one.source for one in found],
            "last_received_at": [str(one.last_received_at) for one in found],
            "quiet_hours": [round(one.hours, 1) for one in found],
            "allowed_hours": [one.allowed for one in found],
            "late_hours": [round(one.hours - (one.allowed or 0), 1) if one.is_stale else 0.0 for one in found],
        }
    )


WATCH_CHECKS: list[AssetChecksDefinition] = [freshness, days_suite]
