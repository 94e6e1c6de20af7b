"""Scores today's customers with the current models."""

from collections.abc import Iterator

import pandas as pd
from dagster import AssetExecutionContext, AssetSpec, MaterializeResult, multi_asset

from ml.segments import SegmentModel, persona_figure
from orchestration.assets.training import CATEGORIES_SQL
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.model_registry import ModelRegistry, StoredModel
from orchestration.previews import frame_preview, picture
from orchestration.refresh.scope import WHERE_TOUCHED, makes_everybody
from orchestration.resources import Workspace
from orchestration.scoring import empty, segmented, segmented_among, unsegmented
from orchestration.segments.people import PROFILED, segment_people
from orchestration.warehouse import Warehouse

UNTRAINED = "no trained model yet: no scores; train with `concierge run --train` or wait for the weekly schedule"
# Those too small to act on stand as everyone.
GROUPS_SQL = """
    select segment_id, segment_name from ml.segment_assignment where rung <> 'everyone' and model_version = ?
    group by segment_id, segment_name
"""
LIFECYCLE_SQL = "select customer_id, lifecycle from marts.dim_customer"
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


@multi_asset(specs=SEGMENT_SPECS, name="segments", pool=WRITER_POOL)
def segments(context: AssetExecutionContext, workspace: Workspace) -> Iterator[MaterializeResult[None]]:
    """Assign customers to the segments of the current model."""
    warehouse, models = workspace.warehouse(), workspace.models()
    keys = [spec.key for spec in SEGMENT_SPECS]
    if not makes_everybody(context.run, warehouse) and (groups := groups_of(warehouse, models)):
        yield from segments_of_touched(warehouse, models.load("segments"), groups)
        return
    floor = workspace.project().settings.segments.minimum_size
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


def groups_of(warehouse: Warehouse, models: ModelRegistry) -> dict[int, str]:
    """Name by segment of the groups large enough to act on; none when the current model is another one."""
    version = models.current_version("segments")
    rows = warehouse.rows(GROUPS_SQL, [version]) if version else []
    return {int(str(segment)): str(name) for segment, name in rows}


def segments_of_touched(
    warehouse: Warehouse, model: StoredModel, groups: dict[int, str]
) -> Iterator[MaterializeResult[None]]:
    """Segments of touched customers among the personas in use; personas are described and sized by the daily run."""
    found = segmented_among(model, with_lifecycle(warehouse, touched_features(warehouse)), groups)
    counts = warehouse.replace({"ml.segment_assignment": found}, where=WHERE_TOUCHED)
    for spec, rows in zip(SEGMENT_SPECS, (counts["ml.segment_assignment"], 0), strict=True):
        yield MaterializeResult(asset_key=spec.key, metadata={"touched": rows})


def with_lifecycle(warehouse: Warehouse, features: pd.DataFrame) -> pd.DataFrame:
    """Features with everybody's stage of life; null where there is none."""
    stages = warehouse.frame(LIFECYCLE_SQL).set_index("customer_id")["lifecycle"]
    return features.assign(lifecycle=features["customer_id"].map(stages))


def touched_features(warehouse: Warehouse) -> pd.DataFrame:
    """Current features of the customers whose rows an hourly run makes again."""
    return warehouse.frame(TOUCHED_SQL)
