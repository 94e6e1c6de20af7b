"""Persona, risk of leaving, value and intent of the week, as one finer group."""

from dagster import AssetExecutionContext, MaterializeResult, asset

from ml.segments import MicroBands, micro_segments
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.previews import frame_preview
from orchestration.resources import Workspace

PEOPLE_SQL = """
    select assigned.customer_id, assigned.persona_id, churn.churn_probability, worth.ltv_amount,
        features.cart_adds_7d, features.product_views_7d, features.sessions_7d
    from ml.segment_assignment as assigned
    inner join marts.customer_features as features on assigned.customer_id = features.customer_id
    left join ml.churn_score as churn on assigned.customer_id = churn.customer_id
    left join ml.value_score as worth on assigned.customer_id = worth.customer_id
    where assigned.persona_id >= 0
    order by assigned.customer_id
"""


@asset(
    key=["ml", "micro_segment"],
    deps=[["ml", "segment_assignment"], ["ml", "churn_score"], ["ml", "value_score"], ["marts", "customer_features"]],
    group_name=Group.SEGMENTS.value,
    owners=OWNERS,
    kinds={"python", "duckdb"},
    pool=WRITER_POOL,
    description="Persona x churn band x value band x intent, and whether that group is large enough to act on. "
    "Grain: one row a customer with a persona.",
)
def micro_segment(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Band everybody: the bounds of value are those of all customers, so an hourly run bands all as well."""
    warehouse, settings = workspace.warehouse(), workspace.project().settings.segments
    bands = MicroBands(churn_medium=settings.churn_medium, churn_high=settings.churn_high)
    found = micro_segments(warehouse.frame(PEOPLE_SQL), settings.minimum_size, bands)
    warehouse.replace({"ml.micro_segment": found})
    sizes = found[["micro_segment", "customers", "is_large"]].drop_duplicates()
    shown = sizes.sort_values(["customers", "micro_segment"], ascending=[False, True])
    large = int(sizes["is_large"].sum())
    context.log.info("%d micro-segments, %d large enough", len(sizes), large)
    return MaterializeResult(
        metadata={
            "dagster/row_count": len(found),
            "micro_segments": len(sizes),
            "large_enough": large,
            "preview": frame_preview(shown, rows=30),
        }
    )
