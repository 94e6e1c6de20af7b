"""Features that know the future: found before training, which is then refused."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.errors import NotTrainable
from ml.evaluation import roc_auc
from ml.preprocess import numbers

Floats = npt.NDArray[np.float64]
# On the embedded data the best honest feature reaches 0.87; a count of the label window itself reaches 1.
SUSPICIOUS_AUC = 0.975
LEAST_OF_A_CLASS = 20
# Ages count back from the cut-off: one below 0 is of an event after it. What is expected may be overdue.
AGES = ("recency_days", "tenure_days")
AGE_PREFIX = "days_since_"
# Enough to tell 0.95 from 0.975, and a sort of each feature is paid a hundred times.
MOST_ROWS = 50_000


class LeakSuspected(NotTrainable):
    """A feature tells more than anything known at the cut-off can; the previous model should go on serving."""


def refuse_leaks(rows: pd.DataFrame, features: Sequence[str], happened: npt.NDArray[np.bool_]) -> None:
    """Refuse rows in which a feature knows what came after its cut-off.

    Args:
        rows: customer_id, as_of and features, with whatever moments (`…_at`) and ages (`days_since_…`) the frame has.
        features: columns a model would read.
        happened: the outcome of each row as yes or no.

    Raises:
        LeakSuspected: names the column, the figure and the bound.
    """
    _refuse_newer(rows)
    step = -(-len(rows) // MOST_ROWS) if len(rows) else 1
    labels = happened[::step].astype(np.float64)
    if min(labels.sum(), len(labels) - labels.sum()) < LEAST_OF_A_CLASS:
        return
    matrix = numbers(rows.iloc[::step], features)
    for index, name in enumerate(features):
        alone = single_feature_auc(labels, matrix[:, index])
        if alone > SUSPICIOUS_AUC:
            raise LeakSuspected(
                f"features.{name}: alone it tells the outcome with AUC {alone:.3f}, above {SUSPICIOUS_AUC}: "
                "it knows what came after the cut-off; correct it, or take it out of the model (`model: false`)"
            )


def single_feature_auc(labels: Floats, values: Floats) -> float:
    """AUC of one feature in its better direction, and of whether it is known; the larger of the two."""
    known = np.isfinite(values)
    filled = np.where(known, values, np.min(values[known]) - 1.0 if known.any() else 0.0)
    scores = [roc_auc(labels, filled), roc_auc(labels, known.astype(np.float64))]
    return max(max(score, 1.0 - score) for score in scores)


def _refuse_newer(rows: pd.DataFrame) -> None:
    cutoffs = pd.to_datetime(rows["as_of"], utc=True)
    for name in (column for column in rows.columns if str(column).endswith("_at")):
        newer = pd.to_datetime(rows[name], utc=True, errors="coerce") >= cutoffs
        if newer.any():
            moment = rows.loc[newer, name].iloc[0]
            raise LeakSuspected(
                f"features.{name}: {int(newer.sum())} values are not before their cut-off, e.g. {moment} at cut-off "
                f"{cutoffs[newer].iloc[0]:%Y-%m-%d}"
            )
    for name in (column for column in rows.columns if column in AGES or str(column).startswith(AGE_PREFIX)):
        ages = numbers(rows, [name])[:, 0]
        if (ages < 0).any():
            raise LeakSuspected(
                f"features.{name}: {int((ages < 0).sum())} values are below 0 (least {np.nanmin(ages):g}): "
                "days that lie after the cut-off"
            )
