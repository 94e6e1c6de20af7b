"""Array helpers against brute force."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from simulation.arrays import DAY_US, group_starts, labels, numbers, positions_within, timestamps, to_us


@given(st.lists(st.integers(0, 7), max_size=60))
def test_group_starts_delimit_each_code(codes: list[int]) -> None:
    ordered = np.array(sorted(codes), dtype=np.int64)
    first = group_starts(ordered, 8)
    assert len(first) == 9
    for code in range(8):
        assert ordered[first[code] : first[code + 1]].tolist() == [code] * codes.count(code)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=40))
def test_positions_count_up_within_blocks(counts: list[int]) -> None:
    expected = [position for count in counts for position in range(count)]
    assert positions_within(np.array(counts, dtype=np.int64)).tolist() == expected


def test_negative_codes_are_null() -> None:
    column = labels(["a", "b"], np.array([1, -1, 0, -5]))
    assert column.to_pylist() == ["b", None, "a", None]
    assert column.type == pa.string()


def test_labels_of_an_empty_list_can_only_be_null() -> None:
    assert labels([], np.array([-1, -1])).to_pylist() == [None, None]


def test_numbers_are_null_where_not_kept() -> None:
    assert numbers(np.array([1.5, 2.5]), np.array([False, True])).to_pylist() == [None, 2.5]


def test_times_survive_the_round_trip_at_every_resolution() -> None:
    instants = pd.Series(pd.to_datetime(["2017-01-01 00:00:01", "2017-12-31 23:59:59"]))
    for unit in ("s", "ms", "us", "ns"):
        at_us = to_us(instants.astype(f"datetime64[{unit}]"))
        assert timestamps(at_us).to_pandas().dt.tz_localize(None).tolist() == instants.tolist()
    assert to_us(instants)[0] // DAY_US * DAY_US == np.datetime64("2017-01-01", "us").astype(np.int64)
