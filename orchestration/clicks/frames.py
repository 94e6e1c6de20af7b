"""Items shown to people who may be profiled, with their segments of today."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import pandas as pd

from ml.segments import SegmentModel
from orchestration.model_registry import ModelRegistry, StoredModel
from orchestration.scoring import PERSONAS
from orchestration.warehouse import Warehouse

ATTRIBUTES: Final = ("fit", "colour", "brand", "price_band", "category")
# A list shown less than half an hour ago may yet be clicked.
SHOWN: Final = """
    select items.list_view_id as list_view, items.customer_id, items.position, items.is_clicked,
        items.fit, items.colour, items.brand, items.price_band,
        case when items.category not in (select category from intermediate.int_sensitive_categories)
            then items.category end as category
    from marts.fct_impression as items
    inner join marts.customer_consent as consent on items.customer_id = consent.customer_id
    where consent.is_profiled
        and items.shown_at < (select max(as_of) from ops.run_context) - interval 30 minute
    order by items.shown_at, items.list_view_id, items.item_number
"""
BUYERS: Final = "select * from marts.customer_features where orders_lifetime > 0"


def segments_that_serve(registry: ModelRegistry) -> StoredModel | None:
    """The segment model in use; None where there is none, or it cannot be read, which its own training says."""
    if registry.current_version("segments") is None:
        return None
    try:
        stored = registry.load("segments")
        SegmentModel.from_files(stored.files)
    except (ValueError, LookupError, OSError):
        return None
    return stored


def items_shown(warehouse: Warehouse, segments: StoredModel | None) -> pd.DataFrame:
    """A row an item in order of time, as `ml.clicks.train_clicks` takes them; segment null for who is in none."""
    shown = warehouse.frame(SHOWN)
    if segments is None:
        return shown.assign(segment=None)
    model, buyers = SegmentModel.from_files(segments.files), warehouse.frame(BUYERS)
    found = model.assign(buyers)["segment_id"].astype(int).astype(str).tolist() if len(buyers) else []
    of = dict(zip(buyers["customer_id"].astype(str), found, strict=True))
    return shown.assign(segment=shown["customer_id"].astype(str).map(of))


def segment_names(segments: StoredModel | None) -> Mapping[str, str]:
    """Name of each segment by its id as text."""
    return (
        {} if segments is None else {str(key): str(name) for key, name in json.loads(segments.files[PERSONAS]).items()}
    )
