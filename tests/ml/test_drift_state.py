"""Drift begins after enough days over one threshold, ends after enough below the other, and flickering is neither."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.drift_state import Standing, Thresholds, standing

BOUNDS = Thresholds(open_at=0.25, close_at=0.15, runs=2)
READINGS = st.lists(st.floats(0, 1), max_size=30)


def test_an_episode_opens_and_closes_once() -> None:
    days = [0.1, 0.3, 0.3, 0.2, 0.3, 0.2, 0.1, 0.1]
    opened = [standing(days[: day + 1], BOUNDS).is_open for day in range(len(days))]
    assert opened == [False, False, True, True, True, True, True, False]
    assert standing(days[:6], BOUNDS).since == 2


def test_a_single_odd_day_is_no_drift_and_a_single_good_one_no_end() -> None:
    assert not standing([0.1, 0.9, 0.1, 0.9, 0.1], BOUNDS).is_open
    assert standing([0.3, 0.3, 0.1, 0.2, 0.1], BOUNDS).is_open


def test_between_the_thresholds_nothing_changes() -> None:
    assert standing([0.2] * 9, BOUNDS) == Standing(False, None, 0)
    assert standing([0.3, 0.3, *[0.2] * 9], BOUNDS).is_open


@given(READINGS)
def test_with_one_threshold_and_one_run_the_last_reading_decides(readings: list[float]) -> None:
    plain = standing(readings, Thresholds(0.25, 0.25, 1))
    assert plain.is_open == (bool(readings) and readings[-1] >= 0.25)


@given(READINGS, st.integers(1, 4))
def test_more_runs_never_open_earlier(readings: list[float], runs: int) -> None:
    first = [standing(readings[:n], Thresholds(0.25, 0.15, runs)).is_open for n in range(len(readings) + 1)]
    later = [standing(readings[:n], Thresholds(0.25, 0.15, runs + 1)).is_open for n in range(len(readings) + 1)]
    assert True not in later or first.index(True) <= later.index(True)


def test_thresholds_that_cannot_close_are_refused() -> None:
    with pytest.raises(ValueError, match=r"close_at: 0\.3 is above open_at, 0\.25"):
        Thresholds(0.25, 0.3, 1)
    with pytest.raises(ValueError, match="runs: 0"):
        Thresholds(0.25, 0.15, 0)
