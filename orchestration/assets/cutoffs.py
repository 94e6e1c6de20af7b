"""Which past moments the models learn from."""

from collections.abc import Iterator
from datetime import date, datetime

import pandas as pd
from dagster import AssetExecutionContext, AssetSpec, MaterializeResult, multi_asset

from ml.cadence import HORIZONS, learned_horizon
from orchestration.cutoffs import CutoffPlan, plan_cutoffs
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.previews import frame_preview
from orchestration.resources import Workspace
from orchestration.warehouse import Warehouse

GAPS_SQL = """
    select count(gap), {longer} from (
        select datediff('day', lag(event_date) over (partition by anchor_key order by event_date), event_date) as gap
        from (select distinct anchor_key, event_date from intermediate.int_identifier_daily where n_orders > 0) as days
    ) as gaps
"""
SPECS = [
    AssetSpec(
        ["ops", name],
        deps=[["intermediate", "int_identifier_daily"]],
        group_name=Group.TRAINING.value,
        owners=OWNERS,
        kinds={"python", "duckdb"},
        description=description,
    )
    for name, description in (
        (
            "cutoff",
            "Past midnights at which features and labels are taken: several to train on, a later one to judge by, and "
            "the more recent ones of the near horizon. "
            "Grain: one row a cut-off.",
        ),
        ("label_window", "Label windows of the near horizon. Grain: one row a cut-off and horizon."),
    )
]


@multi_asset(specs=SPECS, name="cutoffs", pool=WRITER_POOL)
def cutoff(context: AssetExecutionContext, workspace: Workspace) -> Iterator[MaterializeResult[None]]:
    """Plan cut-offs for the moment of this run, and say what a short history forced."""
    plan = planned(workspace, workspace.as_of(context.run))
    frames = {"ops.cutoff": plan.frame(), "ops.label_window": plan.windows()}
    counts = workspace.warehouse().replace(frames)
    if plan.note:
        context.log.warning("cut-offs: %s", plan.note)
    yield MaterializeResult(
        asset_key=SPECS[0].key,
        metadata={
            "dagster/row_count": counts["ops.cutoff"],
            "horizon_days": plan.horizon_days,
            "note": plan.note or "full horizon",
            "preview": frame_preview(plan.frame(), rows=25),
        },
    )
    yield MaterializeResult(
        asset_key=SPECS[1].key,
        metadata={"dagster/row_count": counts["ops.label_window"], "near_horizon_days": plan.near_horizon_days or 0},
    )


def planned(workspace: Workspace, as_of: datetime) -> CutoffPlan:
    """Cut-offs as set, the horizon learned from the gaps between orders where it is not."""
    warehouse = workspace.warehouse()
    longer = ", ".join(f"coalesce(sum(case when gap > {days} then 1 else 0 end), 0)" for days in HORIZONS)
    gaps, *counts = (int(str(value)) for value in warehouse.rows(GAPS_SQL.format(longer=longer))[0])
    settings = workspace.project().settings.models
    return plan_cutoffs(first_event_date(warehouse), as_of, settings, learned_horizon(gaps, counts))


def first_event_date(warehouse: Warehouse) -> date | None:
    """The first day with an event that knows its person's identifier."""
    found = warehouse.rows("select min(event_date) from intermediate.int_identifier_daily")[0][0]
    return None if found is None else pd.Timestamp(str(found)).date()
