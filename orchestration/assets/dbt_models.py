"""The dbt models: daily tables by partition, then profiles, training frames and published tables."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import cast

from dagster import AssetExecutionContext, AssetsDefinition, BackfillPolicy
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets

from orchestration.dbt import build
from orchestration.groups import WRITER_POOL
from orchestration.partitions import DayRange, daily_partitions
from orchestration.pin import pin
from orchestration.refresh.days import remember_days
from orchestration.refresh.scope import TOUCHED, VARIABLE, makes_everybody
from orchestration.resources import Workspace
from orchestration.touched import consume
from orchestration.translator import TRAINING_FRAME, AddressTranslator

# A batch costs about a tenth of a second a model whatever its size: 365 days took 74 s by day and 5.6 s by month.
LONGEST_RANGE_BY_DAY = 31
# A year of more events is cut into months, so that a batch stays within its memory.
MOST_EVENTS_BY_YEAR = 3_000_000


def daily_models(project: DbtProject) -> AssetsDefinition:
    """Staging and daily tables; a range of days is one dbt invocation."""

    @dbt_assets(  # type: ignore[untyped-decorator]
        manifest=project.manifest_path,
        project=project,
        select="tag:daily",
        name="daily_models",
        partitions_def=daily_partitions,
        backfill_policy=BackfillPolicy.single_run(),
        dagster_dbt_translator=AddressTranslator(),
        pool=WRITER_POOL,
    )
    def models(context: AssetExecutionContext, dbt: DbtCliResource, workspace: Workspace) -> Iterator[object]:
        # Pinned here as well: a backfill of these models alone has no other step that would do it.
        window = context.partition_time_window
        built = DayRange(window.start.date(), window.end.date() - timedelta(days=1))
        pinned = pin(workspace.ops(), workspace.warehouse(), workspace.as_of(context.run), building=built)
        remember_days(workspace.warehouse(), built)
        arguments = ["--event-time-start", f"{window.start:%Y-%m-%d}", "--event-time-end", f"{window.end:%Y-%m-%d}"]
        events = sum(file.rows for file in pinned.files if built.holds(file.event_date))
        with batches_of(batch_size(built, events)):
            yield from build(context, dbt, arguments)
        consume(workspace.ops(), pinned.touched, built, context.run.run_id)

    return cast("AssetsDefinition", models)


@contextmanager
def batches_of(size: str) -> Iterator[None]:
    """The batch size of dbt for this step alone: where it stays, every later start parses anew, nine CPU seconds."""
    before = os.environ["CONCIERGE_BATCH_SIZE"]
    os.environ["CONCIERGE_BATCH_SIZE"] = size
    try:
        yield
    finally:
        os.environ["CONCIERGE_BATCH_SIZE"] = before


def batch_size(built: DayRange, events: int) -> str:
    """`day` for short ranges, `year` for long ones of few events, else `month`; the tables are the same."""
    if built.days <= LONGEST_RANGE_BY_DAY:
        return "day"
    return "year" if events <= MOST_EVENTS_BY_YEAR else "month"


def unpartitioned_models(project: DbtProject, name: str, select: str, exclude: str = "") -> AssetsDefinition:
    """Models without partitions: rebuilt as a whole, or in an hourly run the rows of touched customers."""

    @dbt_assets(  # type: ignore[untyped-decorator]
        manifest=project.manifest_path,
        project=project,
        select=select,
        exclude=exclude,
        name=name,
        dagster_dbt_translator=AddressTranslator(),
        pool=WRITER_POOL,
    )
    def models(context: AssetExecutionContext, dbt: DbtCliResource, workspace: Workspace) -> Iterator[object]:
        everybody = makes_everybody(context.run, workspace.warehouse())
        os.environ[VARIABLE] = "everybody" if everybody else TOUCHED
        yield from build(context, dbt, ["--full-refresh"] if everybody else [])

    return cast("AssetsDefinition", models)


def dbt_models(project: DbtProject) -> list[AssetsDefinition]:
    """All dbt assets of the project, in pipeline order."""
    return [
        daily_models(project),
        unpartitioned_models(project, "profile_models", "tag:profiles", TRAINING_FRAME),
        unpartitioned_models(project, "training_models", TRAINING_FRAME),
        unpartitioned_models(project, "published_models", "tag:published"),
    ]
