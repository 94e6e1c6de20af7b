"""Ranked lists: order and length."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.recommend.ranking import as_counts, ranked

ROWS = st.lists(st.tuples(st.integers(0, 2), st.one_of(st.floats(-1, 5), st.sampled_from([1.0, 2.0]))), max_size=20)


@settings(deadline=None, max_examples=40)
@given(ROWS)
def test_lists_equal_plain_sorting(rows: list[tuple[int, float]]) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    entries, ranks = ranked([row for row, _ in rows], [score for _, score in rows], top=3)
    expected = []
    for customer in range(3):
        own = sorted((-score, at) for at, (who, score) in enumerate(rows) if who == customer and score > 0)
        expected += [(at, place) for place, (_, at) in enumerate(own[:3], start=1)]
    assert list(zip(entries.tolist(), ranks.tolist(), strict=True)) == expected


def test_scores_that_are_no_numbers_are_not_shown() -> None:
    assert ranked([0, 0, 0], [np.nan, np.inf, 1.0], top=5)[0].tolist() == [2]


def test_missing_counts_are_zero() -> None:
    assert as_counts(pd.Series([1, None], dtype="Int64")).tolist() == [pytest.approx(1.0), 0.0]
