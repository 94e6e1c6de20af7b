"""Days, ranges and neighbours."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from orchestration.partitions import DayRange, contiguous_ranges, daily_partitions, with_neighbours, within

DAYS = st.sets(st.dates(date(2017, 1, 1), date(2017, 3, 31)), max_size=30)


def _members(ranges: list[DayRange]) -> list[date]:
    return [item.first + timedelta(days=step) for item in ranges for step in range(item.days)]


@given(DAYS)
def test_ranges_hold_exactly_the_days_in_order(days: set[date]) -> None:
    assert _members(contiguous_ranges(days)) == sorted(days)


@given(DAYS)
def test_ranges_are_as_long_as_they_can_be(days: set[date]) -> None:
    ranges = contiguous_ranges(days)
    assert all((later.first - earlier.last).days > 1 for earlier, later in pairwise(ranges))


def test_gaps_can_be_bridged() -> None:
    days = {date(2017, 1, 1), date(2017, 1, 3), date(2017, 1, 7)}
    assert [str(item) for item in contiguous_ranges(days, bridge_days=1)] == ["2017-01-01..2017-01-03", "2017-01-07"]


@given(DAYS)
def test_neighbours_are_the_days_one_step_away(days: set[date]) -> None:
    near = with_neighbours(days)
    assert near == {day for day in _every_day() if any(abs((day - known).days) <= 1 for known in days)}


def _every_day() -> list[date]:
    return [date(2016, 12, 25) + timedelta(days=step) for step in range(120)]


def test_ranges_are_cut_to_bounds() -> None:
    ranges = [DayRange(date(2017, 1, 1), date(2017, 1, 5)), DayRange(date(2017, 2, 1), date(2017, 2, 2))]
    assert within(ranges, date(2017, 1, 4), date(2017, 1, 31)) == [DayRange(date(2017, 1, 4), date(2017, 1, 5))]


def test_tags_name_first_and_last_partition() -> None:
    tags = DayRange(date(2017, 1, 4), date(2017, 1, 6)).tags
    keys = daily_partitions.get_partition_keys()
    assert {"2017-01-04", "2017-01-06"} == set(tags.values())
    assert set(tags.values()) <= set(keys)


def test_the_end_is_the_day_after_the_last() -> None:
    assert DayRange(date(2017, 1, 31), date(2017, 1, 31)).end == date(2017, 2, 1)
