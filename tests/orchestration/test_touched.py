"""Touched days become ranges, and exactly the touches that were seen are marked."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from intake.ops_records import BatchRecord, LakeFile, TouchedDay
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from orchestration.partitions import DayRange
from orchestration.touched import consume, ranges_to_build, run_key

NOON = datetime(2017, 1, 10, 12, tzinfo=UTC)


def lake_file(day: date, batch: str) -> LakeFile:
    at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    return LakeFile(f"lake/events/event_date={day}/till-{batch}.parquet", "till", day, batch, 5, at, at, NOON)


def record(ops: OpsStore, batch: str, days: list[date], finished_at: datetime = NOON) -> None:
    files = [lake_file(day, batch) for day in days]
    counts = {"rows_read": 5 * len(days), "accepted": 5 * len(days), "duplicate": 0, "quarantined": 0, "suppressed": 0}
    ops.record_batch(
        BatchRecord(
            batch,
            "till",
            "1",
            "f",
            f"h{batch}",
            **counts,
            events=5 * len(days),
            started_at=NOON,
            finished_at=finished_at,
        ),
        files,
    )


@pytest.fixture
def ops(tmp_path: Path) -> OpsStore:
    return OpsStore(DataPaths(tmp_path))


def test_ranges_take_neighbours_but_not_days_beyond_the_data(ops: OpsStore) -> None:
    record(ops, "a", [date(2017, 1, 1), date(2017, 1, 2), date(2017, 1, 9), date(2017, 1, 20)])
    ranges = ranges_to_build({date(2017, 1, 1), date(2017, 1, 9)}, ops.visible_files())
    assert [str(item) for item in ranges] == ["2017-01-01..2017-01-02", "2017-01-08..2017-01-10"]


def test_a_short_gap_is_built_along(ops: OpsStore) -> None:
    record(ops, "a", [date(2017, 1, 1), date(2017, 1, 9), date(2017, 3, 1)])
    days = {date(2017, 1, 1), date(2017, 1, 9), date(2017, 3, 1)}
    ranges = ranges_to_build(days, ops.visible_files(), bridge_days=7)
    assert [str(item) for item in ranges] == ["2017-01-01..2017-01-10", "2017-02-28..2017-03-01"]


def test_nothing_touched_means_nothing_to_build(ops: OpsStore) -> None:
    record(ops, "a", [date(2017, 1, 1)])
    assert ranges_to_build(set(), ops.visible_files()) == []


def test_only_touches_that_were_seen_are_consumed(ops: OpsStore) -> None:
    record(ops, "seen", [date(2017, 1, 1), date(2017, 1, 5)])
    seen = ops.touches()
    # Finished earlier by its own clock, visible later: a mark by time would swallow it.
    record(ops, "late", [date(2017, 1, 1)], finished_at=NOON.replace(hour=3))
    assert consume(ops, seen, DayRange(date(2017, 1, 1), date(2017, 1, 2)), "run-1") == 1
    assert [(item.batch_id, item.event_date.day) for item in ops.touches()] == [("late", 1), ("seen", 5)]


def test_the_same_touches_have_the_same_key(ops: OpsStore) -> None:
    built = DayRange(date(2017, 1, 1), date(2017, 1, 2))
    first = TouchedDay(date(2017, 1, 1), "a", NOON)
    other = TouchedDay(date(2017, 1, 2), "b", NOON)
    beyond = TouchedDay(date(2017, 1, 7), "c", NOON)
    assert run_key(built, [first, other]) == run_key(built, [other, first, beyond])
    assert run_key(built, [first]) != run_key(built, [first, other])
