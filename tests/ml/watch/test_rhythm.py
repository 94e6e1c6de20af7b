"""How long a source may be quiet is learned from its gaps."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from ml.watch.rhythm import silence

LAST = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


def stale(gap_days: int, hours: float, **more: float) -> bool:
    arrivals = [LAST.date() - timedelta(days=gap_days * number) for number in range(8)]
    return silence("s", arrivals, LAST, LAST + timedelta(hours=hours), default_hours=36, **more).is_stale


@pytest.mark.parametrize(
    ("gap_days", "hours", "expected"),
    [(1, 36, False), (1, 37, True), (7, 37, False), (7, 24 * 10, False), (7, 24 * 11, True), (30, 24 * 44, False)],
)
def test_a_weekly_source_is_not_stale_after_a_day_and_a_half(gap_days: int, hours: float, expected: bool) -> None:
    assert stale(gap_days, hours) is expected


def test_the_settings_go_before_what_was_learned() -> None:
    assert stale(7, 13, configured_hours=12)
    assert not stale(1, 100, configured_hours=200)


@pytest.mark.parametrize("days", [1, 2, 3])
def test_who_came_on_fewer_than_four_days_has_no_rhythm(days: int) -> None:
    arrivals = [LAST.date() - timedelta(days=number) for number in range(days)]
    found = silence("s", arrivals, LAST, LAST + timedelta(days=400), default_hours=36)
    assert (found.allowed, found.is_stale) == (None, False)


def test_holidays_do_not_count() -> None:
    arrivals = [LAST.date() - timedelta(days=number) for number in range(8)]
    now = LAST + timedelta(hours=50)
    assert silence("s", arrivals, LAST, now, default_hours=36).is_stale
    assert not silence("s", arrivals, LAST, now, default_hours=36, quiet_days=[date(2026, 3, 3)]).is_stale
