"""What each incentive is expected to change for each customer, which one to give, and why."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import norm

from ml.incentives.learners import CONVERSION, MARGIN
from ml.incentives.model import UpliftModel
from ml.incentives.reasons import Words, reasons_of
from ml.preprocess import numbers

# Bounds hold the truth in 80 % of cases, like those of value.
Z: Final = float(norm.ppf(0.9))
OWN, EVERYONE = "own", "everyone"


def predict_uplift(model: UpliftModel, frame: pd.DataFrame, words: Words) -> pd.DataFrame:
    """One row a customer and arm; exactly one arm of each customer is recommended.

    Args:
        frame: the model's features, null where unknown; index kept in column `row`.
        words: feature → what a high and a low value say of a customer.

    Returns:
        row (position in `frame`), arm, conversion_uplift and margin_uplift with `…_error` (standard errors),
        `margin_low` and `margin_high` (80 %), is_recommended, basis (own, everyone), reason.
    """
    found = model.effects(frame)
    margin, error = found[MARGIN]
    matrix = numbers(frame, model.features)
    known = np.asarray(np.isfinite(matrix).any(axis=1), dtype=np.bool_)
    best = model.recommended(margin, known)
    reasons = reasons_of(model, matrix, margin, best, known, words)
    nothing = np.zeros((len(frame), 1))
    columns = {
        "conversion_uplift": np.hstack([nothing, found[CONVERSION][0]]),
        "conversion_error": np.hstack([nothing, found[CONVERSION][1]]),
        "margin_uplift": np.hstack([nothing, margin]),
        "margin_error": np.hstack([nothing, error]),
    }
    count = len(model.arms)
    flat = {name: values.ravel() for name, values in columns.items()}
    return pd.DataFrame(
        {
            "row": np.repeat(np.arange(len(frame)), count),
            "arm": np.tile(np.asarray(model.arms, dtype=object), len(frame)),
            **flat,
            "margin_low": flat["margin_uplift"] - Z * flat["margin_error"],
            "margin_high": flat["margin_uplift"] + Z * flat["margin_error"],
            "is_recommended": (np.arange(count)[None, :] == best[:, None]).ravel(),
            "basis": np.repeat(np.where(known & model.by_customer, OWN, EVERYONE), count),
            "reason": np.repeat(np.asarray(reasons, dtype=object), count),
        }
    )
