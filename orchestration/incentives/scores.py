"""Rows of `ml.incentive_uplift`: today's customers under the current models."""

from __future__ import annotations

from typing import Final

import pandas as pd

from ml.incentives import predict_uplift
from orchestration.incentives.facts import WORDS
from orchestration.incentives.models import PlacementModels
from orchestration.warehouse_schema import source_table

TABLE: Final = "ml.incentive_uplift"
MODEL: Final = "incentives"


def uplift_rows(people: pd.DataFrame, models: PlacementModels, version: str, as_of: pd.Timestamp) -> pd.DataFrame:
    """One row a customer, placement and arm.

    Args:
        people: customer_id and the models' features, of whom may be offered something because of a profile.
    """
    ids = people["customer_id"].to_numpy(dtype=object)
    parts = []
    for placement, model in sorted(models.models.items()):
        found = predict_uplift(model, people, WORDS)
        parts.append(found.assign(customer_id=ids[found["row"].to_numpy()], placement=placement))
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    stamped = rows.assign(as_of=as_of, model_version=version)
    return stamped.reindex(columns=list(source_table(TABLE).column_names))
