"""Batches of dbt: what they rebuild, what they cost, and which days they touch without being asked."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from intake.ops_records import LakeFile, TouchedDay
from orchestration.batches import batch_size, batches_in, covered, dbt_settings, touched_beside
from orchestration.partitions import DayRange

NOON = datetime(2017, 1, 5, 12, tzinfo=UTC)


def lake(rows_a_day: int, days: int = 365) -> list[LakeFile]:
    """One file a day of 2017."""
    first = date(2017, 1, 1)
    return [
        LakeFile(f"{day}.parquet", "till", first + timedelta(days=day), "b", rows_a_day, NOON, NOON, NOON)
        for day in range(days)
    ]


def span(first: str, last: str) -> DayRange:
    return DayRange(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("built", "rows_a_day", "expected"),
    [
        (span("2017-12-30", "2017-12-31"), 1, "day"),
        (span("2017-12-25", "2017-12-31"), 1, "day"),
        (span("2017-03-10", "2017-04-08"), 2_500, "month"),
        (span("2017-03-10", "2017-03-20"), 500_000, "day"),
        (span("2017-01-01", "2017-12-31"), 2_500, "year"),
        (span("2017-01-01", "2017-12-31"), 27_000, "month"),
    ],
)
def test_the_cheapest_cut_is_taken(built: DayRange, rows_a_day: int, expected: str) -> None:
    assert batch_size(built, lake(rows_a_day)) == expected


def test_whole_periods_are_rebuilt() -> None:
    built = span("2016-12-15", "2017-02-10")
    assert covered(built, "day") == built
    assert covered(built, "month") == span("2016-12-01", "2017-02-28")
    assert covered(built, "year") == span("2016-01-01", "2017-12-31")
    assert [batches_in(built, size) for size in ("day", "month", "year")] == [58, 3, 2]


def test_data_tests_look_at_every_day_that_is_rebuilt() -> None:
    built = span("2016-12-15", "2017-02-10")
    assert dbt_settings(built, "month")["CONCIERGE_TESTED_DAYS"] == "2016-12-01..2017-02-28"
    assert dbt_settings(built, "day") == {
        "CONCIERGE_BATCH_SIZE": "day",
        "CONCIERGE_TESTED_DAYS": "2016-12-15..2017-02-10",
    }


def test_touched_days_that_come_along_are_named() -> None:
    touches = [TouchedDay(date(2017, 3, day), "b", NOON) for day in (1, 12, 30)]
    found = touched_beside(span("2017-03-10", "2017-03-20"), "month", touches)
    assert found == {date(2017, 3, day) for day in (1, 2, 29, 30, 31)}
    assert touched_beside(span("2017-03-10", "2017-03-20"), "day", touches) == set()
