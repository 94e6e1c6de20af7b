"""Which action each segment gets."""

from collections.abc import Mapping, Sequence

from dagster import AssetExecutionContext, MaterializeResult, asset

from ml.decision_rows import decision_table
from orchestration.assets.training import CATEGORIES_SQL
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.pin import current_as_of
from orchestration.previews import frame_preview
from orchestration.resources import Workspace
from serving.placement import Placement
from serving.placement_files import load_placements

OFFERS_SQL = """
    select customer_id, placement, arm, cast(propensity as double) as propensity,
        cast(margin_amount as double) as margin_amount
    from marts.fct_offer where assigned_at < (select max(as_of) from ops.run_context) order by assignment_id
"""
SEGMENTS_SQL = "select customer_id, segment_id from ml.segment_assignment order by customer_id"


@asset(
    key=["ml", "decision_table"],
    deps=[["ml", "segment_assignment"], ["marts", "fct_offer"], ["marts", "customer_product"]],
    group_name=Group.DECISIONS.value,
    owners=OWNERS,
    kinds={"python", "duckdb"},
    pool=WRITER_POOL,
    description="What each action is worth to each segment, and how that is known: incentives from the randomised log, "
    "content from category lift. Grain: one row a placement, segment, context and action.",
)
def decisions(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Score the actions of the configured placements."""
    warehouse, project = workspace.warehouse(), workspace.project()
    table = decision_table(
        warehouse.frame(SEGMENTS_SQL),
        warehouse.frame(OFFERS_SQL),
        warehouse.frame(CATEGORIES_SQL),
        content_by_category(load_placements(project.config / "placements")),
    )
    warehouse.replace({"ml.decision_table": table.assign(as_of=current_as_of(warehouse))})
    context.log.info("%d decision rows", len(table))
    return MaterializeResult(
        metadata={"dagster/row_count": len(table), "preview": frame_preview(table, rows=30)},
    )


def content_by_category(placements: Sequence[Placement]) -> Mapping[str, Mapping[str, str]]:
    """Placement → action → department it shows, for placements that a decision table answers."""
    return {
        placement.name: {
            action.name: action.tags["category"] for action in placement.actions if "category" in action.tags
        }
        for placement in placements
        if placement.strategy == "decision_table"
    }
