"""Volume against the same weekday: what is found, and what is not called news."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.watch.bounds import Bounds
from ml.watch.volume import volume_oddities

FIRST = date(2026, 1, 5)


def daily(counts: list[float]) -> pd.DataFrame:
    days = [FIRST + timedelta(days=number) for number in range(len(counts))]
    return pd.DataFrame({"event_date": days, "events": counts})


def kinds(counts: list[float], bounds: Bounds | None = None, judged: int = 1) -> list[str]:
    frame = daily(counts)
    days = list(frame["event_date"])
    found = volume_oddities(frame, "web", set(days[-judged:]), bounds or Bounds(), days[-1])
    return [one.kind for one in found]


STEADY = [500.0, 450.0, 480.0, 520.0, 700.0, 900.0, 300.0] * 8


@pytest.mark.parametrize(
    ("factor", "expected"), [(0.0, ["silent"]), (0.5, ["volume_low"]), (1.0, []), (1.3, []), (2.0, ["volume_high"])]
)
def test_the_last_day_against_its_weekday(factor: float, expected: list[str]) -> None:
    assert kinds([*STEADY[:-1], STEADY[-1] * factor]) == expected


def test_a_sunday_is_not_a_bad_saturday() -> None:
    assert kinds(STEADY, judged=28) == []


@pytest.mark.parametrize("days", [7, 14, 20])
def test_a_short_history_says_nothing(days: int) -> None:
    assert kinds([*STEADY[:days], 0.0]) == []


def test_a_season_that_rises_by_a_tenth_a_week_is_no_news() -> None:
    rising = [count * 1.1 ** (place / 7) for place, count in enumerate(STEADY)]
    assert kinds(rising, judged=28) == []


def test_few_events_say_nothing() -> None:
    assert kinds([*([6.0] * 55), 0.0]) == []


def test_a_day_that_was_odd_does_not_spoil_what_is_expected_later() -> None:
    counts = [*STEADY]
    for place in (-8, -15, -22):
        counts[place] = 0.0
    assert kinds(counts) == []
    assert kinds([*counts[:-1], 100.0]) == ["volume_low"]


def test_another_level_is_normal_after_two_weeks() -> None:
    lower = [*STEADY, *(count * 0.4 for count in STEADY[:28])]
    found = volume_oddities(daily(lower), "web", set(daily(lower)["event_date"]), Bounds(), FIRST + timedelta(days=83))
    assert 3 <= len(found) <= 14
    assert max(one.day for one in found) < FIRST + timedelta(days=70)


def test_weeks_of_silence_do_not_make_every_number_likely() -> None:
    history = [*STEADY, *STEADY[:28]]
    silent = [*history, *([0.0] * 29)]
    frame = daily(silent)
    found = volume_oddities(frame, "web", set(frame["event_date"]), Bounds(), frame["event_date"].iloc[-1])
    assert len(found) >= 14
    assert max(one.high for one in found) <= 3 * max(STEADY), [(str(one.day), one.low, one.high) for one in found][-3:]


def test_holidays_are_neither_judged_nor_compared_with() -> None:
    counts = [*STEADY[:-1], 0.0]
    last = FIRST + timedelta(days=len(counts) - 1)
    assert kinds(counts, Bounds(quiet_days=frozenset({last}))) == []


@given(st.integers(0, 2**32 - 1), st.floats(30, 3000))
def test_chance_alone_is_almost_never_news(seed: int, mean: float) -> None:
    counts = np.random.default_rng(seed).poisson(mean, 84).astype(float)
    assert kinds(list(counts), judged=30) == []
