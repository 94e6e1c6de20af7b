"""Products for every customer: which way of recommending serves is measured weekly, lists are made daily."""

from datetime import timedelta

import pandas as pd
from dagster import AssetExecutionContext, MaterializeResult, MetadataValue, asset

from ml.recommend import UNMEASURED, Mix, choose
from orchestration.assets.training import metrics_table, outcome
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.pin import current_as_of
from orchestration.previews import frame_preview, markdown_table
from orchestration.recommend.facts import HOLD, MONTH, period_at
from orchestration.recommend.lists import all_lists
from orchestration.resources import Workspace
from orchestration.scoring import empty
from orchestration.training import Facts, Trained, train_and_store

NAME = "recommendations"
TABLE = "ml.recommendation"
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
        connection.execute(HOLD).fetchall()
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
    frame = recommended(workspace)
    workspace.warehouse().replace({TABLE: frame})
    tasks = [(task, len(part), part["customer_id"].nunique()) for task, part in frame.groupby("task")]
    context.log.info("%d recommendations", len(frame))
    explored = frame.loc[frame["task"] == "discovery", "is_explored"].astype(float)
    return MaterializeResult(
        metadata={
            "dagster/row_count": len(frame),
            "by_task": MetadataValue.md(markdown_table(("task", "rows", "customers"), tasks)),
            "explored_share_of_discovery": float(explored.mean()) if len(explored) else 0.0,
            "preview": frame_preview(frame),
        }
    )


def recommended(workspace: Workspace) -> pd.DataFrame:
    """Rows of `ml.recommendation` at the pinned moment."""
    warehouse, models = workspace.warehouse(), workspace.models()
    as_of = current_as_of(warehouse)
    if as_of is None:
        return empty(TABLE)
    mix = Mix.from_files(models.load(NAME).files) if models.current_version(NAME) else UNMEASURED
    settings = workspace.project().settings
    with warehouse.connect() as connection:
        connection.execute(HOLD).fetchall()
        lists = all_lists(connection, mix, settings.recommendations, as_of.date(), settings.seed)
    return lists.assign(as_of=as_of) if len(lists) else empty(TABLE)
