"""Days come out the same however they are cut, in whatever order, and follow what the lake now says."""

from __future__ import annotations

from datetime import date

import pytest

from tests.dbt.dbt_room import DAILY_TABLES, Room, busy_fortnight, event


@pytest.fixture(scope="module")
def by_day(tmp_path_factory: pytest.TempPathFactory) -> Room:
    """Some days built one by one in odd order, then a file lands late and its day is rebuilt with its neighbours."""
    room = Room(tmp_path_factory.mktemp("by_day"))
    early = [row for row in busy_fortnight() if row["event_id"] != "login"]
    room.land("shop", early)
    room.stand_at("2017-01-20 10:30:00")
    room.build_days("2017-01-06", "2017-01-08", "day")
    room.build_days("2017-01-04", "2017-01-06", "day")
    room.land("login", [row for row in busy_fortnight() if row["event_id"] == "login"])
    room.build_days("2017-01-04", "2017-01-07", "day")
    return room


@pytest.mark.parametrize("address", DAILY_TABLES)
def test_days_in_any_order_equal_one_run(built: Room, by_day: Room, address: str) -> None:
    columns = "* EXCLUDE (lake_path, lake_row)" if address.endswith("events") and "consent" not in address else "*"
    within = "event_date BETWEEN '2017-01-05' AND '2017-01-06'"
    expected = built.table(address, columns, within)
    assert expected
    assert by_day.table(address, columns, within) == expected


def test_a_year_at_once_equals_months(built: Room, room: Room) -> None:
    room.land("shop", busy_fortnight())
    room.stand_at("2017-01-20 10:30:00")
    room.build_days("2017-01-01", "2017-01-21", "year")
    for address in DAILY_TABLES:
        columns = "* EXCLUDE (lake_path, lake_row)" if address.endswith("events") and "consent" not in address else "*"
        assert room.table(address, columns) == built.table(address, columns)


def test_an_emptied_day_comes_out_empty_and_a_shrunk_one_smaller(by_day: Room) -> None:
    by_day.hide("shop", date(2017, 1, 7))
    by_day.hide("login", date(2017, 1, 5))
    by_day.build_days("2017-01-04", "2017-01-09")
    for address in DAILY_TABLES:
        assert by_day.table(address, "event_date", "event_date = '2017-01-07'") == []
    assert by_day.execute("SELECT count(*) FROM staging.stg_events WHERE event_id = 'login'") == [(0,)]
    assert by_day.execute("SELECT count(*) FROM staging.stg_events WHERE event_date = '2017-01-05'") != [(0,)]


def test_nothing_that_arrives_at_the_moment_of_the_run_is_seen(room: Room) -> None:
    room.land(
        "edge", [event(f"e{s}", "page_viewed", "2017-01-01 09:59:00", delay_s=s, who="cookie:1") for s in (59, 60)]
    )
    room.stand_at("2017-01-01 10:00:00")
    room.dbt("run", "--select", "stg_events", "--event-time-start", "2017-01-01", "--event-time-end", "2017-01-02")
    assert room.execute("SELECT event_id FROM staging.stg_events") == [("e59",)]
