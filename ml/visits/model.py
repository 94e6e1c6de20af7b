"""Purchase intent and ten-second bounce: which rows teach, what they are judged against, when they are refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.errors import NotTrainable
from ml.evaluation import brier, expected_calibration_error, roc_auc
from ml.leaks import SUSPICIOUS_AUC, LeakSuspected, single_feature_auc
from ml.online import VisitScore
from ml.visits.points import calibrated, fit_points, probabilities

Floats = npt.NDArray[np.float64]
INTENT, BOUNCE = "purchase_intent", "bounce_probability"
LEAST_OF_A_CLASS: Final = 50
# The last quarter of the time judges; of what is before it the last fifth calibrates.
JUDGED, CALIBRATES = 0.25, 0.2
# Whatever a page reports when it is left (reading time, scroll depth) is not known while it is open.
INTENT_NUMBERS: Final = (
    "seconds", "events", "page_views", "product_views", "distinct_products", "most_views_of_one_product",
    "distinct_categories", "searches", "filters", "cart_adds", "cart_items", "size_guide_opens", "reviews_read",
    "recent_intent", "deal_signals", "is_returning", "mean_price_viewed",
)  # fmt: skip
BOUNCE_NUMBERS: Final = ("product_views", "searches", "is_returning", "mean_price_viewed", "deal_signals")
TEXTS: Final = ("device_type", "entry_page_type")
NUMBERS: Final[Mapping[str, tuple[str, ...]]] = {INTENT: INTENT_NUMBERS, BOUNCE: BOUNCE_NUMBERS}
# The simple answer that stands beside each: the rule-made score of the moment; the rate by device and first page.
BASELINES: Final[Mapping[str, str]] = {INTENT: "moment_score", BOUNCE: "device and first page"}


@dataclass(frozen=True)
class VisitModel:
    """Points, and how they did in the later period beside the baseline and the plain rate."""

    score: VisitScore
    metrics: Mapping[str, Mapping[str, float]]
    rows: int


def train_visit(name: str, rows: pd.DataFrame) -> VisitModel:
    """Fit on the earlier visits, judge on the later ones, fit again on all.

    Args:
        name: `purchase_intent` or `bounce_probability`.
        rows: started_at, session (a number), label (true or false), moment_score and the model's features as the
            session reducer reads them at the row's moment; in order of time.

    Raises:
        NotTrainable: too few visits of either outcome in a period.
        LeakSuspected: one feature alone tells the outcome.
    """
    numbers, label = NUMBERS[name], rows["label"].to_numpy(dtype=np.float64)
    session = rows["session"].to_numpy(dtype=np.int64)
    _refuse_few(name, "all visits", label, session)
    later = _later(session, JUDGED)
    for what, part in (("earlier visits", ~later), ("later visits", later)):
        _refuse_few(name, what, label[part], session[part])
    _refuse_telling(name, rows, numbers, label)
    judged = _fitted(rows.loc[~later], numbers, label[~later], session[~later])
    metrics = _compared(name, judged, rows, label, later)
    return VisitModel(_fitted(rows, numbers, label, session), metrics, len(rows))


def _fitted(rows: pd.DataFrame, numbers: Sequence[str], label: Floats, session: npt.NDArray[np.int64]) -> VisitScore:
    late = _later(session, CALIBRATES)
    if min(label[late].sum(), (1 - label[late]).sum(), label[~late].sum(), (1 - label[~late]).sum()) < LEAST_OF_A_CLASS:
        return fit_points(rows, numbers, TEXTS, label)
    score = fit_points(rows.loc[~late], numbers, TEXTS, label[~late])
    return calibrated(score, rows.loc[late], label[late])


def _later(session: npt.NDArray[np.int64], share: float) -> npt.NDArray[np.bool_]:
    """Rows of the last sessions; those of one session stay together."""
    first, last = int(session.min()), int(session.max())
    return np.asarray(session > last - share * (last - first + 1), dtype=np.bool_)


def _refuse_few(name: str, what: str, label: Floats, session: npt.NDArray[np.int64]) -> None:
    yes = len(np.unique(session[label > 0]))
    no = len(np.unique(session[label == 0]))
    if min(yes, no) < LEAST_OF_A_CLASS:
        raise NotTrainable(
            f"{name}: {what}: {yes} with and {no} without; at least {LEAST_OF_A_CLASS} of each are needed"
        )


def _refuse_telling(name: str, rows: pd.DataFrame, numbers: Sequence[str], label: Floats) -> None:
    for feature in numbers:
        alone = single_feature_auc(label, pd.to_numeric(rows[feature]).to_numpy(dtype=np.float64, na_value=np.nan))
        if alone > SUSPICIOUS_AUC:
            raise LeakSuspected(
                f"{name}: session feature {feature} alone tells the outcome with AUC {alone:.3f}, above "
                f"{SUSPICIOUS_AUC}: it knows what came after the moment"
            )


def _compared(
    name: str, score: VisitScore, rows: pd.DataFrame, label: Floats, later: npt.NDArray[np.bool_]
) -> dict[str, dict[str, float]]:
    truth, guess = label[later], probabilities(score, rows.loc[later])
    rate = np.full(len(truth), label[~later].mean())
    return {
        "model": {
            "roc_auc": roc_auc(truth, guess),
            "brier": brier(truth, guess),
            "calibration_error": expected_calibration_error(truth, guess),
        },
        BASELINES[name]: {"roc_auc": roc_auc(truth, _baseline(name, rows, label, later))},
        "rate": {"roc_auc": 0.5, "brier": brier(truth, rate)},
    }


def _baseline(name: str, rows: pd.DataFrame, label: Floats, later: npt.NDArray[np.bool_]) -> Floats:
    if name == INTENT:
        return rows.loc[later, "moment_score"].to_numpy(dtype=np.float64)
    kind = rows["device_type"].astype(str) + " " + rows["entry_page_type"].astype(str)
    rates = pd.Series(label[~later]).groupby(kind[~later].to_numpy()).mean()
    return np.asarray(kind[later].map(rates).fillna(label[~later].mean()), dtype=np.float64)
