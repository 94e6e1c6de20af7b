"""Scores today's customers with the current models."""

from collections.abc import Iterator

from dagster import AssetExecutionContext, AssetSpec, MaterializeResult, asset, multi_asset

from ml.segments import persona_figure
from orchestration.assets.training import CATEGORIES_SQL, FEATURES_SQL
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.previews import frame_preview, picture
from orchestration.resources import Workspace
from orchestration.scoring import churn_scores, empty, segmented, value_scores

UNTRAINED = "no trained model yet: no scores; train with `concierge run --train` or wait for the weekly schedule"
SEGMENT_DEPS = [["marts", "customer_features"], ["marts", "customer_product"], ["models", "segments"]]
SEGMENT_SPECS = [
    AssetSpec(
        ["ml", name],
        deps=SEGMENT_DEPS,
        group_name=Group.SEGMENTS.value,
        owners=OWNERS,
        kinds={"python", "scikitlearn"},
        description=description,
    )
    for name, description in (
        ("segment_assignment", "Segment and ladder rung of every customer. Grain: one row a customer."),
        ("segment_profile", "Persona cards: name, size, evidence, suggested treatment. Grain: one row a segment."),
    )
]


@multi_asset(specs=SEGMENT_SPECS, name="segments", pool=WRITER_POOL)
def segments(context: AssetExecutionContext, workspace: Workspace) -> Iterator[MaterializeResult[None]]:
    """Assign customers to the segments of the current model."""
    warehouse, models = workspace.warehouse(), workspace.models()
    keys = [spec.key for spec in SEGMENT_SPECS]
    features = warehouse.frame(FEATURES_SQL)
    if models.current_version("segments") is None or features.empty:
        context.log.warning(UNTRAINED)
        warehouse.replace({".".join(key.path): empty(".".join(key.path)) for key in keys})
        yield from (MaterializeResult(asset_key=key, metadata={"note": UNTRAINED}) for key in keys)
        return
    floor = workspace.project().settings.segments.minimum_size
    found = segmented(models.load("segments"), features, warehouse.frame(CATEGORIES_SQL), floor)
    counts = warehouse.replace({"ml.segment_assignment": found.assignment, "ml.segment_profile": found.profile})
    yield MaterializeResult(
        asset_key=keys[0],
        metadata={
            "dagster/row_count": counts["ml.segment_assignment"],
            "by_rung": {str(rung): int(n) for rung, n in found.assignment["rung"].value_counts().items()},
        },
    )
    yield MaterializeResult(
        asset_key=keys[1],
        metadata={
            "dagster/row_count": counts["ml.segment_profile"],
            "personas": picture(persona_figure(found.cards), "Personas"),
            "preview": frame_preview(found.profile[["segment_id", "segment_name", "customers", "share"]], rows=20),
        },
    )


@asset(
    key=["ml", "churn_score"],
    deps=[["marts", "customer_features"], ["models", "churn"]],
    group_name=Group.SCORES.value,
    owners=OWNERS,
    kinds={"python", "lightgbm"},
    pool=WRITER_POOL,
    description="Probability of no order within the horizon. Grain: one row a customer.",
)
def churn_score(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Score with the current churn model; never trains."""
    models, warehouse = workspace.models(), workspace.warehouse()
    trained = models.current_version("churn") is not None
    frame = churn_scores(models.load("churn"), warehouse.frame(FEATURES_SQL)) if trained else empty("ml.churn_score")
    warehouse.replace({"ml.churn_score": frame})
    return scored(context, len(frame), trained, {"mean": _mean(frame["churn_probability"].tolist())})


@asset(
    key=["ml", "value_score"],
    deps=[["marts", "customer_features"], ["models", "value"]],
    group_name=Group.SCORES.value,
    owners=OWNERS,
    kinds={"python", "lightgbm"},
    pool=WRITER_POOL,
    description="Spend within the horizon, with an 80 % interval. Grain: one row a customer.",
)
def value_score(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Score with the current value model; never trains."""
    models, warehouse = workspace.models(), workspace.warehouse()
    trained = models.current_version("value") is not None
    frame = value_scores(models.load("value"), warehouse.frame(FEATURES_SQL)) if trained else empty("ml.value_score")
    warehouse.replace({"ml.value_score": frame})
    return scored(context, len(frame), trained, {"mean": _mean(frame["ltv_amount"].tolist())})


def scored(
    context: AssetExecutionContext, rows: int, trained: bool, figures: dict[str, float]
) -> MaterializeResult[None]:
    """What a scoring shows in the UI."""
    if not trained:
        context.log.warning(UNTRAINED)
        return MaterializeResult(metadata={"dagster/row_count": 0, "note": UNTRAINED})
    return MaterializeResult(metadata={"dagster/row_count": rows, **figures})


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0
