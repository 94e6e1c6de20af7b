"""Ranked lists: order, length, and what is left out."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.recommend.ranking import COLUMNS, as_counts, days_since, ranked, recently_bought, without

ROWS = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 9), st.floats(-1, 5)), unique_by=lambda row: row[:2], max_size=20
)


@settings(deadline=None, max_examples=40)
@given(ROWS)
def test_lists_equal_plain_sorting(rows: list[tuple[str, int, float]]) -> None:
    frame = pd.DataFrame(rows, columns=["customer_id", "product_id", "score"]).assign(reason="x")
    found = ranked(frame.astype({"score": "float64"}), "popular", top=3)
    expected = []
    for customer in "ab":
        own = sorted((-score, product) for who, product, score in rows if who == customer and score > 0)
        expected += [(customer, place, product) for place, (_, product) in enumerate(own[:3], start=1)]
    assert list(zip(found["customer_id"], found["rank"], found["product_id"], strict=True)) == expected
    assert tuple(found.columns) == COLUMNS


def test_scores_that_are_no_numbers_are_not_shown() -> None:
    frame = pd.DataFrame({"customer_id": "a", "product_id": [1, 2, 3], "score": [np.nan, np.inf, 1.0], "reason": "x"})
    assert ranked(frame, "popular", top=5)["product_id"].tolist() == [3]


def test_days_are_counted_in_utc_and_the_future_is_today() -> None:
    times = pd.Series([pd.Timestamp("2017-10-01"), pd.Timestamp("2017-10-05")])
    for now in (datetime(2017, 10, 3, tzinfo=UTC), pd.Timestamp("2017-10-03")):
        assert days_since(times, now).tolist() == [2.0, 0.0]


def test_owned_products_leave_the_list_of_their_owner_only() -> None:
    shelf = pd.DataFrame(
        {
            "customer_id": ["a", "b"],
            "product_id": [1, 1],
            "last_ordered_at": pd.to_datetime(["2017-10-01", "2017-01-01"], utc=True),
        }
    )
    owned = recently_bought(shelf, datetime(2017, 10, 3, tzinfo=UTC), days=30)
    scored = pd.DataFrame({"customer_id": ["a", "a", "b"], "product_id": [1, 2, 1], "score": 1.0})
    kept = without(scored, owned)
    assert list(zip(kept["customer_id"], kept["product_id"], strict=True)) == [("a", 2), ("b", 1)]


def test_missing_counts_are_zero() -> None:
    assert as_counts(pd.Series([1, None], dtype="Int64")).tolist() == [pytest.approx(1.0), 0.0]
