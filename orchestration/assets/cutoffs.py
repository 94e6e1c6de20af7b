"""Which past moments the models learn from."""

from datetime import date

import pandas as pd
from dagster import AssetExecutionContext, MaterializeResult, asset

from orchestration.cutoffs import plan_cutoffs
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.previews import frame_preview
from orchestration.resources import Workspace
from orchestration.warehouse import Warehouse


@asset(
    key=["ops", "cutoff"],
    deps=[["intermediate", "int_identifier_daily"]],
    group_name=Group.TRAINING.value,
    owners=OWNERS,
    kinds={"python", "duckdb"},
    pool=WRITER_POOL,
    description="Past midnights at which features and labels are taken: several to train on, a later one to judge by. "
    "Grain: one row a cut-off.",
)
def cutoff(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Plan cut-offs for the moment of this run, and say what a short history forced."""
    warehouse = workspace.warehouse()
    as_of = workspace.as_of(context.run)
    plan = plan_cutoffs(first_event_date(warehouse), as_of, workspace.project().settings.models)
    frame = plan.frame()
    warehouse.replace({"ops.cutoff": frame})
    if plan.note:
        context.log.warning("cut-offs: %s", plan.note)
    return MaterializeResult(
        metadata={
            "dagster/row_count": len(frame),
            "horizon_days": plan.horizon_days,
            "note": plan.note or "full horizon",
            "preview": frame_preview(frame, rows=25),
        }
    )


def first_event_date(warehouse: Warehouse) -> date | None:
    """The first day with an event that knows its person's identifier."""
    found = warehouse.rows("select min(event_date) from intermediate.int_identifier_daily")[0][0]
    return None if found is None else pd.Timestamp(str(found)).date()
