"""Products for every customer."""

import pandas as pd
from dagster import AssetExecutionContext, MaterializeResult, MetadataValue, asset

from ml.recommend import bought_together_for, buy_again, popular
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.pin import current_as_of
from orchestration.previews import frame_preview, markdown_table
from orchestration.resources import Workspace
from orchestration.scoring import empty
from orchestration.warehouse import Warehouse

BOUGHT_SQL = """
    select customer_id, product_id, n_orders, last_ordered_at from marts.customer_product
    where customer_id in (select customer_id from marts.customer_consent where is_profiled)
        and coalesce(category, '') not in (select category from intermediate.int_sensitive_categories)
    order by customer_id, product_id
"""
PAIRS_SQL = """
    select product_a, product_b, n_baskets, cast(support as double) as support,
        cast(confidence as double) as confidence, cast(lift as double) as lift
    from marts.product_pair order by product_a, product_b
"""
POPULAR_SQL = "select product_id, n_orders from marts.product_popularity order by product_id"
CUSTOMERS_SQL = """
    select customer_id from marts.dim_customer
    where customer_id in (select customer_id from marts.customer_consent where is_profiled) order by customer_id
"""


@asset(
    key=["ml", "recommendation"],
    deps=[
        ["marts", name]
        for name in ("customer_product", "product_pair", "product_popularity", "dim_customer", "customer_consent")
    ],
    group_name=Group.RECOMMENDATIONS.value,
    owners=OWNERS,
    kinds={"python", "duckdb"},
    pool=WRITER_POOL,
    description="Bought together, buy again and popular, with a reason each; what the customer has lately is left out "
    "where it makes no sense. Grain: one row a customer, task and rank.",
)
def recommendation(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Rank three lists a customer."""
    frame = recommended(workspace.warehouse())
    workspace.warehouse().replace({"ml.recommendation": frame})
    tasks = [(task, len(part), part["customer_id"].nunique()) for task, part in frame.groupby("task")]
    context.log.info("%d recommendations", len(frame))
    return MaterializeResult(
        metadata={
            "dagster/row_count": len(frame),
            "by_task": MetadataValue.md(markdown_table(("task", "rows", "customers"), tasks)),
            "preview": frame_preview(frame),
        }
    )


def recommended(warehouse: Warehouse) -> pd.DataFrame:
    """Rows of `ml.recommendation` at the pinned moment."""
    as_of = current_as_of(warehouse)
    if as_of is None:
        return empty("ml.recommendation")
    bought = warehouse.frame(BOUGHT_SQL)
    customers = warehouse.frame(CUSTOMERS_SQL)["customer_id"].tolist()
    lists = [
        buy_again(bought, as_of),
        bought_together_for(bought, warehouse.frame(PAIRS_SQL), as_of),
        popular(warehouse.frame(POPULAR_SQL), customers, bought, as_of),
    ]
    filled = [item for item in lists if len(item)]
    return pd.concat(filled, ignore_index=True).assign(as_of=as_of) if filled else empty("ml.recommendation")
