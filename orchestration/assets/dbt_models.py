"""The dbt models: daily tables by partition, then profiles, training frames and published tables."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import cast

from dagster import AssetExecutionContext, AssetsDefinition, BackfillPolicy
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets

from orchestration.batches import batch_size, dbt_settings, touched_beside
from orchestration.dbt import build
from orchestration.groups import WRITER_POOL
from orchestration.partitions import DayRange, daily_partitions
from orchestration.pin import pin
from orchestration.refresh.days import remember_days
from orchestration.refresh.scope import TOUCHED, VARIABLE, makes_everybody
from orchestration.resources import Workspace
from orchestration.touched import consume
from orchestration.translator import TRAINING_FRAME, AddressTranslator


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
        size = batch_size(built, pinned.files)
        remember_days(workspace.warehouse(), built, touched_beside(built, size, pinned.touched))
        arguments = ["--event-time-start", f"{window.start:%Y-%m-%d}", "--event-time-end", f"{window.end:%Y-%m-%d}"]
        with settings(dbt_settings(built, size)):
            yield from build(context, dbt, arguments)
        consume(workspace.ops(), pinned.touched, built, context.run.run_id)

    return cast("AssetsDefinition", models)


@contextmanager
def settings(wanted: Mapping[str, str]) -> Iterator[None]:
    """Variables of dbt for this step alone.

    Where a batch size stays, every later start parses anew, nine CPU seconds.
    """
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def unpartitioned_models(
    project: DbtProject, name: str, select: str, exclude: str = "", *, frame: str = "everything"
) -> AssetsDefinition:
    """Models without partitions: rebuilt as a whole, or in an hourly run the rows of touched customers.

    `frame` is what a training frame holds: `everything`, or only what `models` learn from.
    """

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
        with settings({"CONCIERGE_FRAME": frame}):
            yield from build(context, dbt, ["--full-refresh"] if everybody else [])

    return cast("AssetsDefinition", models)


def dbt_models(project: DbtProject) -> list[AssetsDefinition]:
    """All dbt assets of the project, in pipeline order."""
    return [
        daily_models(project),
        unpartitioned_models(project, "profile_models", "tag:profiles", TRAINING_FRAME),
        unpartitioned_models(project, "training_models", TRAINING_FRAME, frame="models"),
        unpartitioned_models(project, "published_models", "tag:published"),
    ]
