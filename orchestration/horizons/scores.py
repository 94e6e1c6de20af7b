"""Rows of `ml.churn_score` and `ml.value_score`: both horizons, and the group's figure where history is too short."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd

from ml.churn import ChurnModel
from ml.standing import enough_history, stand_in
from ml.value import ValueModel
from orchestration.model_registry import StoredModel

CHURN: Final = "ml.churn_score"
VALUE: Final = "ml.value_score"


@dataclass(frozen=True)
class Known:
    """What stands in for those with too little history.

    Attributes:
        segments: customer_id, segment_id of those in a segment.
        others: rows of the table that this run does not make again, of customers with a figure of their own.
    """

    segments: pd.DataFrame
    others: pd.DataFrame


def churn_rows(far: StoredModel, near: StoredModel | None, features: pd.DataFrame, known: Known) -> pd.DataFrame:
    """Rows of `ml.churn_score`: one a customer."""
    model = ChurnModel.from_files(far.files)
    figures = pd.DataFrame({"churn_probability": model.predict(features)}, index=features.index)
    closer = ChurnModel.from_files(near.files) if near else None
    if closer:
        figures = figures.assign(near_probability=closer.predict(features))
    return _rows(features, figures, known, ["near_probability"]).assign(
        horizon_days=model.horizon_days,
        model_version=far.card.version,
        near_horizon_days=closer.horizon_days if closer else None,
        near_model_version=near.card.version if near else None,
    )


def value_rows(far: StoredModel, near: StoredModel | None, features: pd.DataFrame, known: Known) -> pd.DataFrame:
    """Rows of `ml.value_score`: one a customer, amounts in the shop's currency."""
    model = ValueModel.from_files(far.files)
    names, near_names = (tuple(f"{who}_{what}" for what in ("amount", "low", "high")) for who in ("ltv", "near"))
    figures = dict(zip(names, model.predict(features), strict=True))
    closer = ValueModel.from_files(near.files) if near else None
    if closer:
        figures |= dict(zip(near_names, closer.predict(features), strict=True))
    return _rows(features, pd.DataFrame(figures, index=features.index), known, list(near_names)).assign(
        horizon_days=model.horizon_days,
        model_version=far.card.version,
        near_horizon_days=closer.horizon_days if closer else None,
        near_model_version=near.card.version if near else None,
    )


def _rows(features: pd.DataFrame, figures: pd.DataFrame, known: Known, near: list[str]) -> pd.DataFrame:
    """Keys, figures and basis; near figures null where there is no near model."""
    place = known.segments.set_index("customer_id")["segment_id"]
    segment, enough = features["customer_id"].map(place), enough_history(features)
    ours = figures.assign(segment=segment).loc[enough]
    theirs = known.others.assign(segment=known.others["customer_id"].map(place)).reindex(columns=ours.columns)
    reference = pd.concat([part for part in (ours, theirs) if len(part)] or [ours], ignore_index=True)
    found = stand_in(figures, segment, enough, reference)
    absent = {name: None for name in near if name not in found.columns}
    return features[["customer_id", "as_of"]].assign(**{name: found[name] for name in found.columns}, **absent)
