"""Scores today's customers with the current models."""

from collections.abc import Iterator

import pandas as pd
from dagster import AssetExecutionContext, AssetSpec, MaterializeResult, multi_asset

from ml.segments import LIFECYCLE_IDS, LIFECYCLE_NAMES, SegmentModel, persona_figure
from orchestration.assets.training import CATEGORIES_SQL
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.model_registry import ModelRegistry
from orchestration.previews import frame_preview, picture
from orchestration.refresh.scope import WHERE_TOUCHED, makes_everybody
from orchestration.resources import Workspace
from orchestration.scoring import NO_MODEL, empty, segmented, segmented_among, unsegmented, unsegmented_among
from orchestration.segments.people import PROFILED, segment_people
from orchestration.warehouse import Warehouse

UNTRAINED = "no trained model yet: no scores; train with `concierge run --train` or wait for the weekly schedule"
# Those too small to act on stand as everyone.
GROUPS_SQL = """
    select segment_id, segment_name from ml.segment_assignment where rung <> 'everyone' and model_version = ?
    group by segment_id, segment_name
"""
LIFECYCLE_SQL = "select customer_id, lifecycle from marts.dim_customer"
STANDING_SQL = "select distinct model_version from ml.segment_assignment"
STAGES_SQL = f"select lifecycle, count(*) from marts.dim_customer where {PROFILED} group by lifecycle"
SEGMENT_DEPS = [
    ["marts", "customer_features"],
    ["marts", "customer_consent"],
    ["marts", "customer_product"],
    ["marts", "dim_customer"],
    ["models", "segments"],
]
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


# Of its own: around the query for everybody, whose rows it puts in order, the memory grows with the shop.
TOUCHED_SQL = f"""
    select * from marts.customer_features
    where {WHERE_TOUCHED} and customer_id in (select customer_id from marts.customer_consent where is_profiled)
    order by customer_id
"""
TOUCHED_STAGES_SQL = (
    f"select customer_id, as_of, lifecycle from marts.dim_customer where {WHERE_TOUCHED} and {PROFILED}"
)


@multi_asset(specs=SEGMENT_SPECS, name="segments", pool=WRITER_POOL)
def segments(context: AssetExecutionContext, workspace: Workspace) -> Iterator[MaterializeResult[None]]:
    """Assign customers to the segments of the current model."""
    warehouse, models = workspace.warehouse(), workspace.models()
    keys = [spec.key for spec in SEGMENT_SPECS]
    floor = workspace.project().settings.segments.minimum_size
    if not makes_everybody(context.run, warehouse):
        touched = of_touched(warehouse, models, floor)
        if touched is not None:
            counts = warehouse.replace({"ml.segment_assignment": touched}, where=WHERE_TOUCHED)
            yield MaterializeResult(asset_key=keys[0], metadata={"touched": counts["ml.segment_assignment"]})
            yield MaterializeResult(asset_key=keys[1], metadata={"touched": 0})
            return
    stored = None if models.current_version("segments") is None else models.load("segments")
    model = None if stored is None else SegmentModel.from_files(stored.files)
    features = with_lifecycle(warehouse, segment_people(warehouse, model, PROFILED))
    if stored is None or features.empty:
        context.log.warning(UNTRAINED)
        nobody = empty("ml.segment_assignment")
        assignment = nobody if features.empty else unsegmented(features, floor)
        warehouse.replace({"ml.segment_assignment": assignment, "ml.segment_profile": empty("ml.segment_profile")})
        yield from (MaterializeResult(asset_key=key, metadata={"note": UNTRAINED}) for key in keys)
        return
    found = segmented(stored, features, warehouse.frame(CATEGORIES_SQL), floor)
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


def of_touched(warehouse: Warehouse, models: ModelRegistry, floor: int) -> pd.DataFrame | None:
    """Segments of touched customers among the personas in use, which the daily run describes and sizes; None where
    everybody is to be looked at.

    Before any model is trained, among the stages of life: everybody when another stage is large enough than before.
    """
    if models.current_version("segments") is None:
        stages = stages_in_use(warehouse, floor)
        return None if stages is None else unsegmented_among(warehouse.frame(TOUCHED_STAGES_SQL), stages)
    groups = groups_of(warehouse, models)
    if not groups:
        return None
    features = with_lifecycle(warehouse, touched_features(warehouse), WHERE_TOUCHED)
    return segmented_among(models.load("segments"), features, groups)


def groups_of(warehouse: Warehouse, models: ModelRegistry) -> dict[int, str]:
    """Name by segment of the groups large enough to act on; none when the current model is another one."""
    version = models.current_version("segments")
    rows = warehouse.rows(GROUPS_SQL, [version]) if version else []
    return {int(str(segment)): str(name) for segment, name in rows}


def stages_in_use(warehouse: Warehouse, floor: int) -> dict[int, str] | None:
    """Name by segment of the stages of life large enough to act on; None where not exactly they stand, for everybody.

    Args:
        warehouse: with today's customers, and with segments as the run before left them.
        floor: customers from which a stage may be acted on.
    """
    if warehouse.rows(STANDING_SQL) != [(NO_MODEL,)]:
        return None
    standing = {int(str(segment)): str(name) for segment, name in warehouse.rows(GROUPS_SQL, [NO_MODEL])}
    counted = {LIFECYCLE_IDS[str(stage)]: int(str(count)) for stage, count in warehouse.rows(STAGES_SQL)}
    large = {stage: LIFECYCLE_NAMES[stage] for stage, count in counted.items() if count >= floor}
    return standing if standing == large else None


def with_lifecycle(warehouse: Warehouse, features: pd.DataFrame, where: str = "true") -> pd.DataFrame:
    """Features with the stage of life of everybody, or of the customers of `where` (SQL); null where there is none."""
    stages = warehouse.frame(f"{LIFECYCLE_SQL} where {where}").set_index("customer_id")["lifecycle"]
    return features.assign(lifecycle=features["customer_id"].map(stages))


def touched_features(warehouse: Warehouse) -> pd.DataFrame:
    """Current features of the customers whose rows an hourly run makes again."""
    return warehouse.frame(TOUCHED_SQL)
