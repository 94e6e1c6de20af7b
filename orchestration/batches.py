"""How a range of days is cut into batches of dbt: by day, month or year, whichever costs least."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import date
from typing import Final

from intake.ops_records import LakeFile, TouchedDay
from orchestration.partitions import DayRange, with_neighbours

# So short a range is built day by day, however few its events: an hourly run rebuilds what was touched and no more.
SHORTEST_RANGE_CUT: Final = 7
# A batch costs about 0.2 CPU s a model whatever its size, as much as the SQL of so many events.
EVENTS_A_BATCH: Final = 90_000
# A year of more events is cut into months, so that a batch stays within its memory.
MOST_EVENTS_BY_YEAR: Final = 3_000_000
BATCH_SIZE: Final = "CONCIERGE_BATCH_SIZE"
# See dbt_project/macros/checks/looked_at.sql.
TESTED_DAYS: Final = "CONCIERGE_TESTED_DAYS"
SIZES: Final = ("day", "month", "year")


def batch_size(built: DayRange, files: Sequence[LakeFile]) -> str:
    """`day`, `month` or `year`: what costs least in starts of batches and in events of whole periods."""
    if built.days <= SHORTEST_RANGE_CUT:
        return "day"
    events = {size: events_in(covered(built, size), files) for size in SIZES}
    possible = [size for size in SIZES if size != "year" or events["year"] <= MOST_EVENTS_BY_YEAR]
    return min(possible, key=lambda size: events[size] + EVENTS_A_BATCH * batches_in(built, size))


def covered(built: DayRange, size: str) -> DayRange:
    """The days that dbt rebuilds for a range: whole batches, so by month and year more than was asked for."""
    if size == "day":
        return built
    first = built.first.replace(day=1) if size == "month" else built.first.replace(month=1, day=1)
    if size == "year":
        return DayRange(first, built.last.replace(month=12, day=31))
    return DayRange(first, built.last.replace(day=calendar.monthrange(built.last.year, built.last.month)[1]))


def dbt_settings(built: DayRange, size: str) -> dict[str, str]:
    """Variables of dbt for one range: how it is cut, and which days the tests of daily tables look at, all rebuilt."""
    whole = covered(built, size)
    return {BATCH_SIZE: size, TESTED_DAYS: f"{whole.first}..{whole.last}"}


def batches_in(built: DayRange, size: str) -> int:
    """How many batches of a size a range needs."""
    years = built.last.year - built.first.year
    return {"day": built.days, "month": 12 * years + built.last.month - built.first.month + 1, "year": years + 1}[size]


def events_in(days: DayRange, files: Sequence[LakeFile]) -> int:
    """Events of the lake in these days."""
    return sum(file.rows for file in files if days.holds(file.event_date))


def touched_beside(built: DayRange, size: str, touches: Sequence[TouchedDay]) -> set[date]:
    """Days outside a range that its batches rebuild all the same, and that are not what they were: touched ones."""
    whole = covered(built, size)
    moved = with_neighbours({item.event_date for item in touches})
    return {day for day in moved if whole.holds(day) and not built.holds(day)}
