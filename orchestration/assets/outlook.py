"""When customers buy next, of which category, and how much of it discounted: trained weekly, scored daily."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pandas as pd
from dagster import AssetExecutionContext, AssetSpec, MaterializeResult, asset, multi_asset

from ml.errors import NotTrainable
from ml.outlook import train_next_category, train_next_purchase, train_price
from ml.segments import SegmentModel
from orchestration.assets.training import judging_cutoff, outcome
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.outlook.frames import Outlook, outlook_at, outlook_history, segments_then, some_buyers
from orchestration.outlook.scores import MODELS, NEXT_CATEGORY, NEXT_PURCHASE, PRICE, TABLE, outlook_scores
from orchestration.pin import current_as_of
from orchestration.previews import frame_preview
from orchestration.resources import Workspace
from orchestration.scoring import empty
from orchestration.training import Facts, Trained, train_and_store
from orchestration.training_rows import FAR

VIEWS = [["intermediate", name] for name in ("int_customer_order_daily", "int_customer_purchase_daily")]
CLOSED_SQL = f"select distinct as_of from marts.training_frame where {FAR} order by as_of"
THEN_SQL = f"""
    select customer_id, as_of, orders_lifetime, {{columns}} from marts.training_frame
    where orders_lifetime > 0 and {FAR} and {{some}}
"""
NOW_SQL = """
    select consent.customer_id, consent.profiling_price as may_profile_price,
        case when assigned.segment_id >= 0 then assigned.segment_id end as segment
    from marts.customer_consent as consent
    inner join marts.dim_customer as people on consent.customer_id = people.customer_id
    left join ml.segment_assignment as assigned on consent.customer_id = assigned.customer_id
    where consent.is_profiled order by consent.customer_id
"""
TRAINERS: dict[str, tuple[str, Callable[[Outlook, pd.Timestamp, int], Any]]] = {
    NEXT_PURCHASE: (
        "When a customer buys next: shares of days by pace and by what of the gap has passed, judged on a later "
        "cut-off against everyone's window and the customer's own mean gap.",
        lambda facts, judge, horizon: train_next_purchase(facts.order_days, judge=judge, horizon_days=horizon),
    ),
    NEXT_CATEGORY: (
        "The first category of the next purchase: own shares drawn towards the segment's, judged on a later cut-off "
        "against the most popular category and the customer's largest.",
        lambda facts, judge, horizon: train_next_category(facts.categories, judge=judge, horizon_days=horizon),
    ),
    PRICE: (
        "Expected share of lines at a discount, and the chance of being a deal seeker, judged on a later cut-off "
        "against the customer's own share so far.",
        lambda facts, judge, horizon: train_price(facts.prices, judge=judge, horizon_days=horizon),
    ),
}


SPECS = [
    AssetSpec(
        ["models", name],
        deps=[["marts", "training_frame"], ["models", "segments"], *VIEWS],
        group_name=Group.TRAINING.value,
        owners=OWNERS,
        kinds={"python", "duckdb"},
        description=description,
    )
    for name, (description, _) in TRAINERS.items()
]


@multi_asset(specs=SPECS, name="outlook_models", pool=WRITER_POOL, can_subset=True)
def outlook_models(context: AssetExecutionContext, workspace: Workspace) -> Iterator[MaterializeResult[None]]:
    """Train, judge and store those that are asked for, from one reading of the history."""
    asked = [spec for spec in SPECS if spec.key in context.selected_asset_keys]
    past = _past(workspace, prices=any(spec.key.path[-1] == PRICE for spec in asked))
    data = pd.DataFrame() if past is None else past.order_days
    for spec in asked:
        name = spec.key.path[-1]
        fit = partial(_fitted, workspace, name, past)
        done = train_and_store(workspace.project(), name, data, workspace.as_of(context.run), fit)
        yield MaterializeResult(asset_key=spec.key, metadata=outcome(context, done).metadata)


def _fitted(workspace: Workspace, name: str, past: Outlook | None) -> tuple[Trained, Facts]:
    judge, horizon = judging_cutoff(workspace)
    if past is None:
        raise NotTrainable("no cut-off with a closed horizon yet")
    model = TRAINERS[name][1](past, judge, horizon)
    return model, Facts(model.features, model.cutoffs, horizon, model.metrics)


def _past(workspace: Workspace, *, prices: bool) -> Outlook | None:
    """Facts of all closed cut-offs; None where there are none."""
    warehouse, models = workspace.warehouse(), workspace.models()
    cutoffs = [pd.Timestamp(str(row[0])) for row in warehouse.rows(CLOSED_SQL)]
    if not cutoffs:
        return None
    known = models.current_version("segments") is not None
    segments = SegmentModel.from_files(models.load("segments").files) if known else None
    columns = ", ".join(segments.columns) if segments else "0 as none"
    then = segments_then(
        segments, warehouse.frame(THEN_SQL.format(columns=columns, some=some_buyers(warehouse))), cutoffs
    )
    horizon = int(str(warehouse.rows("select max(horizon_days) from ops.cutoff")[0][0]))
    return outlook_history(warehouse, then, horizon, prices=prices)


@asset(
    key=["ml", "outlook_score"],
    deps=[
        *VIEWS,
        ["marts", "dim_customer"],
        ["marts", "customer_consent"],
        ["ml", "segment_assignment"],
        *(["models", name] for name in MODELS),
    ],
    group_name=Group.SCORES.value,
    owners=OWNERS,
    kinds={"python", "duckdb"},
    pool=WRITER_POOL,
    description="Window of the next purchase, next category, price sensitivity, deal seeking, each with what it rests "
    "on. Grain: one row a customer.",
)
def outlook_score(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Score everybody with the current models; never trains."""
    frame, untrained = _scored(workspace)
    workspace.warehouse().replace({TABLE: frame})
    if untrained:
        context.log.warning("no trained model of %s: their columns are null", ", ".join(untrained))
    return MaterializeResult(
        metadata={
            "dagster/row_count": len(frame),
            "untrained": ", ".join(untrained) or "none",
            "preview": frame_preview(frame),
        }
    )


def _scored(workspace: Workspace) -> tuple[pd.DataFrame, list[str]]:
    """Rows of the table, and the models that there are none of."""
    warehouse, models = workspace.warehouse(), workspace.models()
    stored = {name: models.load(name) for name in MODELS if models.current_version(name) is not None}
    untrained = [name for name in MODELS if name not in stored]
    as_of = current_as_of(warehouse)
    if as_of is None or not stored:
        return empty(TABLE), untrained
    customers = warehouse.frame(NOW_SQL)
    if customers.empty:
        return empty(TABLE), untrained
    outlook = outlook_at(warehouse, as_of, customers, horizon_days=1)
    return outlook_scores(outlook, customers, stored, pd.Timestamp(as_of).floor("h")), untrained
