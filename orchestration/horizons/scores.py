"""Rows of `ml.churn_score` and `ml.value_score`: both horizons, and the group's figure where history is too short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
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


def churn_rows(far: StoredModel | None, near: StoredModel | None, features: pd.DataFrame, known: Known) -> pd.DataFrame:
    """Rows of `ml.churn_score`: one a customer; null where a horizon has no model."""
    figures = {
        name: ChurnModel.from_files(stored.files).predict(features)
        for name, stored in (("churn_probability", far), ("near_probability", near))
        if stored
    }
    return _rows(features, figures, known, ["churn_probability", "near_probability"], far, near)


def value_rows(far: StoredModel | None, near: StoredModel | None, features: pd.DataFrame, known: Known) -> pd.DataFrame:
    """Rows of `ml.value_score`: one a customer, amounts in the shop's currency; null where a horizon has no model."""
    names = {who: [f"{who}_{what}" for what in ("amount", "low", "high")] for who in ("ltv", "near")}
    figures: dict[str, npt.NDArray[np.float64]] = {}
    for who, stored in (("ltv", far), ("near", near)):
        if stored:
            figures |= dict(zip(names[who], ValueModel.from_files(stored.files).predict(features), strict=True))
    return _rows(features, figures, known, [*names["ltv"], *names["near"]], far, near)


def _rows(
    features: pd.DataFrame,
    scores: Mapping[str, npt.NDArray[np.float64]],
    known: Known,
    names: Sequence[str],
    far: StoredModel | None,
    near: StoredModel | None,
) -> pd.DataFrame:
    """Keys, figures, basis, horizons and versions."""
    figures = pd.DataFrame(scores, index=features.index)
    place = known.segments.set_index("customer_id")["segment_id"]
    segment, enough = features["customer_id"].map(place), enough_history(features)
    ours = figures.assign(segment=segment).loc[enough]
    theirs = known.others.assign(segment=known.others["customer_id"].map(place)).reindex(columns=ours.columns)
    reference = pd.concat([part for part in (ours, theirs) if len(part)] or [ours], ignore_index=True)
    found = stand_in(figures, segment, enough, reference)
    absent = {name: None for name in names if name not in found.columns}
    return features[["customer_id", "as_of"]].assign(
        **{name: found[name] for name in found.columns},
        **absent,
        horizon_days=far.card.horizon_days if far else None,
        model_version=far.card.version if far else None,
        near_horizon_days=near.card.horizon_days if near else None,
        near_model_version=near.card.version if near else None,
    )
