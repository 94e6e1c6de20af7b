"""What about an item draws the click: trained weekly from lists that were shown, written with the day."""

import pandas as pd
from dagster import AssetExecutionContext, MaterializeResult, asset

from ml.clicks import EVERYBODY, train_clicks
from orchestration.assets.training import outcome
from orchestration.clicks.effects import MODEL, TABLE, NamedClicks, effect_rows
from orchestration.clicks.frames import ATTRIBUTES, items_shown, segment_names, segments_that_serve
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.model_features import refuse_sensitive
from orchestration.pin import current_as_of
from orchestration.previews import frame_preview
from orchestration.resources import Workspace
from orchestration.scoring import empty
from orchestration.training import Facts, Trained, train_and_store


@asset(
    key=["models", MODEL],
    deps=[
        ["marts", "fct_impression"],
        ["marts", "customer_consent"],
        ["marts", "customer_features"],
        ["intermediate", "int_sensitive_categories"],
        ["models", "segments"],
    ],
    group_name=Group.TRAINING.value,
    owners=OWNERS,
    kinds={"python", "scikitlearn"},
    pool=WRITER_POOL,
    description="Effects of fit, colour, brand, price band and category on the click at the same place of a list, over "
    "everybody and by segment: a penalised logit, its segments drawn together, judged on later lists.",
)
def click_model(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Read what was shown, fit, store the effects."""
    segments = segments_that_serve(workspace.models())
    shown = items_shown(workspace.warehouse(), segments)

    def fit() -> tuple[Trained, Facts]:
        refuse_sensitive(ATTRIBUTES, "orchestration/clicks/frames.py: ATTRIBUTES")
        found = train_clicks(shown, ATTRIBUTES)
        for what, why in found.left_out.items():
            context.log.warning("clicks: %s: %s", what, why)
        return NamedClicks(found, segment_names(segments)), Facts(ATTRIBUTES, [], None, found.metrics, found.note)

    done = train_and_store(workspace.project(), MODEL, shown, workspace.as_of(context.run), fit)
    answer = outcome(context, done)
    if done.card is None:
        return answer
    return MaterializeResult(metadata={**(answer.metadata or {}), "verdict": done.card.note})


@asset(
    key=["ml", "click_effect"],
    deps=[["models", MODEL]],
    group_name=Group.SCORES.value,
    owners=OWNERS,
    kinds={"python"},
    pool=WRITER_POOL,
    description="By how much each level of an item's attributes draws clicks, with 95 % bounds, over everybody and by "
    "segment. Grain: one row a segment, attribute and level.",
)
def click_effect(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Write the effects of the current model; never trains."""
    warehouse, models = workspace.warehouse(), workspace.models()
    as_of, rows = current_as_of(warehouse), empty(TABLE)
    if as_of is not None and models.current_version(MODEL) is not None:
        rows = effect_rows(models.load(MODEL), pd.Timestamp(as_of).floor("h"))
    warehouse.replace({TABLE: rows})
    if rows.empty:
        context.log.warning("no trained model of clicks: no rows")
    everybody = rows.loc[rows["segment"] == EVERYBODY]
    return MaterializeResult(
        metadata={
            "dagster/row_count": len(rows),
            "segments": int(rows["segment"].nunique()),
            "beyond noise": int(rows["is_beyond_noise"].sum()),
            "preview": frame_preview(everybody.iloc[:, 2:12], rows=20),
        }
    )
