"""A nearer window changes the labels and nothing else."""

from __future__ import annotations

import pandas as pd
import pytest

from ml.horizons import relabelled

FRAME = pd.DataFrame(
    {
        "customer_id": ["a", "b", "a"],
        "as_of": pd.to_datetime(["2017-03-01", "2017-03-01", "2017-04-01"]),
        "orders_91d": [3, 1, 2],
        "churned": [0, 0, 1],
        "spend_horizon_amount": [90.0, 40.0, 0.0],
    }
)


def test_who_is_not_listed_left_and_spent_nothing() -> None:
    bought = pd.DataFrame(
        {
            "customer_id": ["a", "stranger"],
            "as_of": pd.to_datetime(["2017-03-01", "2017-03-01"]).astype("datetime64[s]"),
            "spend_horizon_amount": [12.5, 99.0],
        }
    )
    near = relabelled(FRAME, bought)
    assert near["churned"].tolist() == [0.0, 1.0, 1.0]
    assert near["spend_horizon_amount"].tolist() == [12.5, 0.0, 0.0]
    kept = ["customer_id", "as_of", "orders_91d"]
    pd.testing.assert_frame_equal(near[kept], FRAME[kept])


def test_nobody_bought() -> None:
    none = pd.DataFrame({"customer_id": [], "as_of": [], "spend_horizon_amount": []})
    assert relabelled(FRAME, none)["churned"].tolist() == [1.0] * 3


def test_two_labels_of_one_row_are_refused() -> None:
    twice = FRAME.iloc[[0, 0]]
    with pytest.raises(pd.errors.MergeError):
        relabelled(FRAME, twice)
