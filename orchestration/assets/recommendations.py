"""Products for every customer: which way of recommending serves is measured weekly, lists are made daily."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import duckdb
import pandas as pd
import pyarrow as pa
from dagster import AssetExecutionContext, MaterializeResult, MetadataValue, asset

from ml.recommend import UNMEASURED, Mix, choose
from orchestration.assets.training import metrics_table, outcome
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.pin import current_as_of
from orchestration.previews import frame_preview, markdown_table
from orchestration.recommend.facts import HOLD, MONTH, hold_some, period_at
from orchestration.recommend.lists import list_parts
from orchestration.resources import Workspace
from orchestration.scoring import empty
from orchestration.training import Facts, Trained, train_and_store
from orchestration.warehouse import replace_in_parts

NAME = "recommendations"
TABLE = "ml.recommendation"
TASKS_SQL = f"""
    select task, count(*) as n_rows, count(case when rank = 1 then 1 end) as n_customers
    from {TABLE} group by task order by task
"""
EXPLORED_SQL = f"select avg(case when is_explored then 1.0 else 0.0 end) from {TABLE} where task = 'discovery'"
PURCHASES = ["intermediate", "int_customer_purchase_daily"]


@asset(
    key=["models", NAME],
    deps=[PURCHASES, ["marts", "dim_product"]],
    group_name=Group.TRAINING.value,
    owners=OWNERS,
    kinds={"python", "duckdb"},
    pool=WRITER_POOL,
    description="Which methods recommend: the best of one month serves if it beats the simple one beyond noise in the "
    "next. Buy again and discovery apart.",
)
def recommendation_mix(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Measure all methods on the last two months, store the verdict."""
    moment = workspace.as_of(context.run)
    seed = workspace.project().settings.seed
    days = [moment.date() - timedelta(days=2 * MONTH), moment.date() - timedelta(days=MONTH)]
    with workspace.warehouse().connect() as connection:
        hold_some(connection)
        earlier, later = (period_at(connection, day) for day in days)

    def fit() -> tuple[Trained, Facts]:
        mix = choose((earlier, later), seed)
        return mix, Facts(mix.features, [str(day) for day in days], MONTH, mix.metrics)

    done = train_and_store(workspace.project(), NAME, later.later, moment, fit)
    if done.card is None:
        context.log.warning("recommendations: simple methods serve: %s", done.reason)
        return MaterializeResult(metadata={"trained": False, "reason": done.reason})
    mix = Mix.from_files(workspace.models().load(NAME, done.card.version).files)
    for verdict in mix.verdicts.values():
        context.log.info(verdict)
    return MaterializeResult(
        metadata={
            **(outcome(context, done).metadata or {}),
            "discovery": mix.discovery,
            "buy_again": mix.buy_again,
            "verdicts": MetadataValue.md("\n\n".join(mix.verdicts.values())),
            "metrics": MetadataValue.md(metrics_table(mix.metrics)),
        }
    )


@asset(
    key=["ml", "recommendation"],
    deps=[
        PURCHASES,
        ["models", NAME],
        *(
            ["marts", name]
            for name in ("product_pair", "product_popularity", "dim_product", "dim_customer", "customer_consent")
        ),
    ],
    group_name=Group.RECOMMENDATIONS.value,
    owners=OWNERS,
    kinds={"python", "duckdb"},
    pool=WRITER_POOL,
    description="Buy again, bought together, discovery and popular, with a reason each; what the customer has lately, "
    "what is out of stock or blocked is left out. Grain: one row a customer, task and rank.",
)
def recommendation(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Rank four lists a customer."""
    warehouse = workspace.warehouse()
    as_of = current_as_of(warehouse)
    if as_of is None:
        warehouse.replace({TABLE: empty(TABLE)})
        return MaterializeResult(metadata={"dagster/row_count": 0})
    with warehouse.connect() as connection:
        rows = replace_in_parts(connection, TABLE, _recommended(workspace, connection, as_of))
        preview: pd.DataFrame = connection.execute(f"select * from {TABLE} limit 10").df()
    tasks = warehouse.rows(TASKS_SQL)
    context.log.info("%d recommendations", rows)
    explored = warehouse.rows(EXPLORED_SQL)[0][0]
    return MaterializeResult(
        metadata={
            "dagster/row_count": rows,
            "by_task": MetadataValue.md(markdown_table(("task", "rows", "customers"), tasks)),
            "explored_share_of_discovery": float(str(explored or 0.0)),
            "preview": frame_preview(preview),
        }
    )


def _recommended(workspace: Workspace, connection: duckdb.DuckDBPyConnection, as_of: datetime) -> Iterator[pa.Table]:
    """Rows of `ml.recommendation` at the pinned moment, some customers at a time."""
    models, settings = workspace.models(), workspace.project().settings
    mix = Mix.from_files(models.load(NAME).files) if models.current_version(NAME) else UNMEASURED
    connection.execute(HOLD).fetchall()
    moment = pa.scalar(as_of.astimezone(UTC).replace(tzinfo=None), pa.timestamp("us"))
    for part in list_parts(connection, mix, settings.recommendations, as_of.date(), settings.seed):
        yield part.append_column("as_of", pa.repeat(moment, len(part)))
