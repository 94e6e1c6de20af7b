"""Windows of the next purchase against scipy, counting by hand, and a shop whose rhythm is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rv_discrete

from ml.errors import NotTrainable
from ml.outlook import NextPurchaseModel, train_next_purchase
from ml.outlook.next_purchase import EVERYONE, PRIOR_CUSTOMERS, counted
from ml.outlook.window import hit_rate, interval_score, likely_week, quantile_days, window_days

HORIZON = 28
JUDGE = pd.Timestamp("2017-07-04")


def shop(customers: int = 400, seed: int = 5) -> pd.DataFrame:
    """Half buy every 3 days, half every 14, each a day early or late; two earlier cut-offs and the judging one."""
    random = np.random.default_rng(seed)
    parts = []
    for cutoff in ("2017-04-04", "2017-05-02", "2017-07-04"):
        gap = np.where(random.random(customers) < 0.5, 3.0, 14.0)
        recency = np.floor(random.random(customers) * gap)
        parts.append(
            pd.DataFrame(
                {
                    "customer_id": [f"c{i}" for i in range(customers)],
                    "as_of": pd.Timestamp(cutoff),
                    "n_days": 10,
                    "recency_days": recency,
                    "mean_gap_days": gap,
                    "segment": None,
                    "next_days": np.clip(gap - recency + random.integers(-1, 2, customers), 1, None),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def test_a_quantile_is_that_of_the_distribution() -> None:
    shares = np.random.default_rng(1).dirichlet(np.ones(8), size=20)
    for row, found in zip(shares, quantile_days(shares, 0.3), strict=True):
        expected = rv_discrete(values=(np.arange(1, 9), row)).ppf(0.3)
        assert (expected == 8 and np.isnan(found)) or found == expected


def test_a_window_holds_what_it_promises_and_not_a_day_more() -> None:
    shares = np.random.default_rng(2).dirichlet(np.ones(12), size=50)
    low, high = window_days(shares, 0.1, 0.8)
    for row, first, last in zip(shares, low, high, strict=True):
        if np.isnan(last):
            assert row[int(first) - 1 : -1].sum() < 0.8
            continue
        held = row[int(first) - 1 : int(last)].sum()
        assert held >= 0.8 - 1e-9
        assert held - row[int(last) - 1] < 0.8


def test_the_likeliest_week_is_the_heaviest_and_none_when_later_is_likelier() -> None:
    days = np.zeros((2, 15))
    days[0, [0, 8, 9]] = [0.4, 0.3, 0.3]
    days[1, [2, 14]] = [0.4, 0.6]
    found = likely_week(days)
    assert found[0] == 2
    assert np.isnan(found[1])


def test_an_interval_score_is_width_and_ten_days_a_missed_day() -> None:
    figures = interval_score(np.array([5.0, 20.0]), np.array([1.0, 1.0]), np.array([8.0, 15.0]), 0.2)
    assert figures == {"coverage": 0.5, "mean_width_days": 10.5, "interval_score": 35.5}
    assert hit_rate(np.array([3.0, 9.0, 29.0]), np.array([1.0, 1.0, 1.0]), 29) == 0.5


def test_a_narrow_cell_is_drawn_to_the_broader_one() -> None:
    frame = shop().loc[lambda rows: rows["as_of"] < JUDGE].reset_index(drop=True)
    cells = counted(frame, HORIZON)
    everyone = np.bincount(frame["next_days"].astype(int) - 1, minlength=HORIZON + 1) / len(frame)
    np.testing.assert_allclose(cells[EVERYONE], everyone)
    slow = frame.loc[frame["mean_gap_days"] == 14, "next_days"].astype(int)
    counts = np.bincount(slow - 1, minlength=HORIZON + 1)
    expected = (counts + PRIOR_CUSTOMERS * everyone) / (len(slow) + PRIOR_CUSTOMERS)
    np.testing.assert_allclose(cells["pace 7"], expected)


def test_a_known_rhythm_is_found_and_beats_everyones_window() -> None:
    model = train_next_purchase(shop(), judge=JUDGE, horizon_days=HORIZON)
    assert model.metrics["model"]["interval_score"] < 0.7 * model.metrics["everyone"]["interval_score"]
    assert model.metrics["model"]["coverage"] >= 0.78
    asked = pd.DataFrame({"n_days": [9, 1], "recency_days": [1, 40], "mean_gap_days": [14.0, None], "segment": [2, 2]})
    found = NextPurchaseModel.from_files(model.files()).predict(asked)
    assert list(found["basis"]) == ["own", EVERYONE]
    assert found["low_days"].iloc[0] >= 8
    pd.testing.assert_frame_equal(model.predict(asked.iloc[[0]]), found.iloc[[0]])


def test_too_few_customers_are_named() -> None:
    with pytest.raises(NotTrainable, match="at least 100"):
        train_next_purchase(shop(20), judge=JUDGE, horizon_days=HORIZON)
