"""Days: the partitions of everything between the lake and the daily tables."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date, timedelta

from dagster import DailyPartitionsDefinition

from orchestration.environment import DEFAULT_BEGIN

RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"

# A partition set needs a first day before any data is known. 2000 costs nothing (days without files are never built)
# and is where intake draws its default line; a project with older history sets CONCIERGE_BEGIN. The demo's clock runs
# ahead of no wall clock, so the last partition is the wall clock's today; end_offset=1 includes the day under way.
daily_partitions = DailyPartitionsDefinition(start_date=os.environ.get("CONCIERGE_BEGIN", DEFAULT_BEGIN), end_offset=1)


@dataclass(frozen=True)
class DayRange:
    """Whole UTC days, both ends included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """Number of days, at least 1."""
        return (self.last - self.first).days + 1

    @property
    def tags(self) -> dict[str, str]:
        """Run tags that make one Dagster run of this range."""
        return {RANGE_START_TAG: self.first.isoformat(), RANGE_END_TAG: self.last.isoformat()}

    @property
    def end(self) -> date:
        """The first day after the range."""
        return self.last + timedelta(days=1)

    def holds(self, day: date) -> bool:
        """Whether the day lies in the range."""
        return self.first <= day <= self.last

    def __str__(self) -> str:
        return self.first.isoformat() if self.days == 1 else f"{self.first.isoformat()}..{self.last.isoformat()}"


def contiguous_ranges(days: set[date], *, bridge_days: int = 0) -> list[DayRange]:
    """Days as maximal ranges without gaps, in order; gaps of up to `bridge_days` days are filled in."""
    ranges: list[DayRange] = []
    for day in sorted(days):
        if ranges and (day - ranges[-1].last).days <= 1 + bridge_days:
            ranges[-1] = DayRange(ranges[-1].first, day)
        else:
            ranges.append(DayRange(day, day))
    return ranges


def with_neighbours(days: set[date]) -> set[date]:
    """The days and the one before and after each: sessions and duplicates reach across midnight."""
    step = timedelta(days=1)
    return {moved for day in days for moved in (day - step, day, day + step)}


def within(ranges: list[DayRange], first: date, last: date) -> list[DayRange]:
    """The ranges cut to `first`..`last`; what lies outside is dropped."""
    cut = [DayRange(max(item.first, first), min(item.last, last)) for item in ranges]
    return [item for item in cut if item.first <= item.last]
