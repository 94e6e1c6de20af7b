"""Shops that carry no model, or hardly one: a clear verdict, or finite figures, and nothing in between."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml.churn import train_churn
from ml.errors import NotTrainable
from ml.value import train_value
from tests.ml.histories import CUTOFFS, FEATURES, HORIZON, JUDGE, training_frame

LAST = pd.Timestamp(CUTOFFS[2], tz="UTC")


def test_no_orders_for_a_month_before_now_is_a_verdict() -> None:
    """Nobody ordered in the judging window: one class is left, and it is named."""
    frame = training_frame()
    silent = frame["as_of"] == LAST
    frame.loc[silent, ["churned", "spend_horizon_amount"]] = [1, 0.0]
    with pytest.raises(NotTrainable, match="judging: 300 customers left and 0 stayed"):
        train_churn(frame, FEATURES, judge=JUDGE, horizon_days=HORIZON, seed=1)
    with pytest.raises(NotTrainable, match="judging: 0 customers spent anything in the horizon"):
        train_value(frame, FEATURES, judge=JUDGE, horizon_days=HORIZON, seed=1)


def test_a_shop_of_one_time_buyers_is_answered_by_the_fallback_process() -> None:
    """No repeat purchase at all: BG/NBD cannot be fitted, the closed form stands in, and every score is finite."""
    frame = training_frame(customers=300).assign(orders_lifetime=1)
    frame["spend_91d"] = frame["spend_91d"].where(frame["spend_91d"] < frame["spend_91d"].quantile(0.99), 1e9)
    model = train_churn(frame, FEATURES, judge=JUDGE, horizon_days=HORIZON, seed=1)
    assert "nbd" in model.metrics
    assert "BG/NBD did not converge" in model.notes[0]
    scores = model.predict(frame)
    assert np.isfinite(scores).all()
    assert ((scores > 0) & (scores < 1)).all()
