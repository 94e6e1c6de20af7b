"""The project's clock: wall, shifted, fixed."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from intake.clock import Clock, FixedClock, OffsetClock, SteppedClock, WallClock, project_clock, set_anchor

START = datetime(2018, 1, 2, tzinfo=UTC)


def test_without_a_start_the_clock_is_wall_time(tmp_path: Path) -> None:
    clock = project_clock(None, tmp_path / "clock.json")
    assert isinstance(clock, WallClock)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert not (tmp_path / "clock.json").exists()


def test_time_begins_at_the_start_on_first_use_and_moves_forward(tmp_path: Path) -> None:
    clock = project_clock(START, tmp_path / "clock.json")
    first, second = clock.now(), clock.now()
    assert START <= first <= second < START + timedelta(minutes=1)


def test_every_process_agrees_on_the_first_use(tmp_path: Path) -> None:
    anchor = tmp_path / "deep" / "clock.json"
    one = project_clock(START, anchor)
    other = project_clock(START, anchor)
    assert isinstance(one, OffsetClock)
    assert one == other


def test_of_two_first_uses_at_once_one_counts(tmp_path: Path) -> None:
    anchor, first = tmp_path / "clock.json", datetime(2020, 1, 1, tzinfo=UTC)
    found: list[Clock] = []
    second = threading.Thread(target=lambda: found.append(project_clock(START, anchor)))
    with FileLock(tmp_path / "clock.lock"):
        second.start()
        second.join(0.2)
        anchor.write_text(json.dumps({START.isoformat(): first.isoformat()}))
    second.join()
    assert found == [OffsetClock(START - first)]


def test_a_changed_start_gets_an_anchor_of_its_own(tmp_path: Path) -> None:
    anchor = tmp_path / "clock.json"
    project_clock(START, anchor)
    later = project_clock(START + timedelta(days=365), anchor).now()
    assert later - (START + timedelta(days=365)) < timedelta(minutes=1)


def test_a_start_in_another_zone_is_the_same_instant(tmp_path: Path) -> None:
    eastern = datetime.fromisoformat("2018-01-01T19:00:00-05:00")
    assert project_clock(eastern, tmp_path / "a.json").now() - START < timedelta(minutes=1)


def test_a_naive_start_is_refused_with_the_value(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"clock\.start: 2018-01-02T00:00:00 has no time zone"):
        project_clock(datetime(2018, 1, 2), tmp_path / "clock.json")  # noqa: DTZ001


def test_a_fixed_clock_stands_still() -> None:
    clock = FixedClock(START)
    assert clock.now() == clock.now() == START


def test_a_stepped_clock_stands_still_until_it_is_moved_on() -> None:
    clock = SteppedClock(START)
    assert clock.now() == clock.now() == START
    clock.move_to(START + timedelta(hours=1))
    assert clock.now() == START + timedelta(hours=1)


def test_a_stepped_clock_never_runs_back() -> None:
    clock = SteppedClock(START)
    with pytest.raises(ValueError, match="time does not run back"):
        clock.move_to(START - timedelta(microseconds=1))
    with pytest.raises(ValueError, match="has no time zone"):
        clock.move_to(datetime(2018, 1, 3))  # noqa: DTZ001 - that is what is refused
    assert clock.now() == START


def test_an_anchor_that_is_set_tells_every_process_that_time(tmp_path: Path) -> None:
    anchor = tmp_path / "clock.json"
    project_clock(START, anchor)
    set_anchor(START, anchor, START + timedelta(days=20))
    now = project_clock(START, anchor).now()
    assert START + timedelta(days=20) <= now < START + timedelta(days=20, minutes=1)
