"""The trial of each kind of model: how its new version is compared with the one in use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd

from ml.champion import Trial, Twin
from ml.champion.measures import (
    CATEGORY,
    CHURN,
    LISTS,
    PRICE,
    SEGMENTS,
    VALUE,
    WINDOW,
    churn_score,
    trial_of,
    value_score,
)
from ml.champion.trial import Labels, nowhere
from ml.churn import ChurnModel
from ml.outlook import NextCategoryModel, NextPurchaseModel, PriceModel
from ml.outlook.next_category import row_scores as category_scores
from ml.outlook.next_purchase import row_scores as window_scores
from ml.outlook.price import row_scores as price_scores
from ml.recommend import Mix
from ml.recommend.choice import row_scores as list_scores
from ml.segments import SegmentModel
from ml.segments.separation import row_scores as separation
from ml.value import ValueModel
from orchestration.horizons.names import NEAR_SUFFIX

MOST_SEPARATED: Final = 2_000
# Groups of similar customers and ways of recommending are no answers to a label: the version itself is compared.
WITHOUT_TWIN: Final = frozenset({"segments", "recommendations"})
Build = Callable[[Any, "SegmentModel | None"], Trial]


def trial_for(name: str, model: Any, segments: SegmentModel | None) -> Trial | None:
    """The trial of a model that was just trained; None where its kind has none, or nothing was judged.

    Args:
        name: the model's name; both horizons of a model are tried alike.
        model: as its training returned it, with its twin.
        segments: the segment model in use, for the guard that no segment gets worse.
    """
    build = TRIALS.get(name.removesuffix(NEAR_SUFFIX))
    if build is None or getattr(model, "twin", None) is None:
        return None
    return build(model.twin, segments)


def segments_of(rows: pd.DataFrame, segments: SegmentModel | None) -> Labels:
    """Segment of each row under the model in use; none where it reads a column that the rows lack."""
    if segments is None or not set(segments.columns) <= set(rows.columns):
        return nowhere(len(rows))
    return segments.assign(rows)["segment_id"].to_numpy(dtype=np.int64)


def _column(rows: pd.DataFrame) -> Labels:
    return pd.to_numeric(rows["segment"]).fillna(-1).to_numpy(dtype=np.int64)


def _churn(twin: Twin, segments: SegmentModel | None) -> Trial:
    return trial_of(twin, CHURN, ChurnModel.from_files, churn_score, segments_of(twin.rows, segments))


def _value(twin: Twin, segments: SegmentModel | None) -> Trial:
    return trial_of(twin, VALUE, ValueModel.from_files, value_score, segments_of(twin.rows, segments))


def _window(twin: Twin, _segments: SegmentModel | None) -> Trial:
    return trial_of(twin, WINDOW, NextPurchaseModel.from_files, window_scores, _column(twin.rows))


def _category(twin: Twin, _segments: SegmentModel | None) -> Trial:
    return trial_of(twin, CATEGORY, NextCategoryModel.from_files, category_scores, _column(twin.rows.customers))


def _price(twin: Twin, _segments: SegmentModel | None) -> Trial:
    return trial_of(
        twin,
        PRICE,
        PriceModel.from_files,
        lambda model, rows: price_scores(model, rows, twin.truth),
        _column(twin.rows),
    )


def _lists(twin: Twin, _segments: SegmentModel | None) -> Trial:
    rows = len(list_scores(twin.model, twin.rows))
    return trial_of(twin._replace(truth=np.zeros(rows)), LISTS, Mix.from_files, list_scores, nowhere(rows))


def _segments(twin: Twin, _segments: SegmentModel | None) -> Trial:
    step = max(1, -(-len(twin.rows) // MOST_SEPARATED))
    rows, space = twin.rows.iloc[::step], twin.model.preprocessor
    return trial_of(
        twin._replace(rows=rows, truth=np.zeros(len(rows))),
        SEGMENTS,
        SegmentModel.from_files,
        lambda model, some: separation(model, some, space),
        nowhere(len(rows)),
    )


TRIALS: Final[dict[str, Build]] = {
    "churn": _churn,
    "value": _value,
    "next_purchase": _window,
    "next_category": _category,
    "price": _price,
    "recommendations": _lists,
    "segments": _segments,
}
