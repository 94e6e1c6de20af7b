"""Token buckets against a count by hand, shared by processes."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

import serving.access.buckets as module
from serving.access.buckets import FILE, Buckets, address_slot, network_of


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def test_a_burst_then_the_rate(clock: Clock) -> None:
    buckets = Buckets()
    assert [buckets.wait(3, 2.0, 5) for _ in range(5)] == [0.0] * 5
    assert buckets.wait(3, 2.0, 5) == pytest.approx(0.5)
    clock.now += 0.5
    assert buckets.wait(3, 2.0, 5) == 0.0
    assert buckets.wait(3, 2.0, 5) == pytest.approx(0.5)
    assert buckets.wait(4, 2.0, 5) == 0.0
    clock.now += 100
    assert sum(buckets.wait(3, 2.0, 5) == 0.0 for _ in range(20)) == 5


def test_over_a_long_time_the_rate_holds_whatever_the_rhythm(clock: Clock) -> None:
    buckets, let_in = Buckets(), 0
    for number in range(10_000):
        clock.now += 0.013 if number % 7 else 0.2
        let_in += buckets.wait(3, 10.0, 20) == 0.0
    seconds = clock.now - 1_000
    assert 10 * seconds <= let_in <= 20 + 10 * seconds


def test_looking_takes_nothing(clock: Clock) -> None:
    buckets = Buckets()
    assert [buckets.lacks(3, 1.0, 1) for _ in range(3)] == [0.0] * 3
    buckets.wait(3, 1.0, 1)
    assert buckets.lacks(3, 1.0, 1) == pytest.approx(1.0)


def test_workers_share_them_and_a_restarted_machine_begins_anew(tmp_path: Path, clock: Clock) -> None:
    one, other = Buckets(tmp_path), Buckets(tmp_path)
    assert one.wait(3, 1.0, 2) == other.wait(3, 1.0, 2) == 0.0
    assert one.wait(3, 1.0, 2) > 0
    assert struct.unpack_from("d", (tmp_path / FILE).read_bytes(), 3 * 8)[0] == clock.now + 2.0
    clock.now = 5.0
    assert one.wait(3, 1.0, 2) == 0.0


def test_without_room_they_are_counted_alone(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    assert Buckets(tmp_path).wait(3, 1.0, 1) == 0.0
    assert Buckets(tmp_path / "nowhere").wait(3, 1.0, 1) == 0.0


def test_addresses_of_one_household_count_together() -> None:
    assert network_of("2001:db8:1:2::7") == network_of("2001:db8:1:2:ffff::1") != network_of("2001:db8:1:3::7")
    assert network_of("192.0.2.1") != network_of("192.0.2.2")
    assert address_slot("guess", "192.0.2.1") != address_slot("visitor", "192.0.2.1")
    assert network_of("what") == "what"
