"""Devices, rotating cookies and shared family devices."""

from __future__ import annotations

import numpy as np
import pytest

from simulation.arrays import DAY_US
from simulation.devices import MAX_ROTATIONS, SHARED_HOUSEHOLD_SHARE, Devices, draw_devices
from simulation.orders import Orders


@pytest.fixture(scope="module")
def devices(orders: Orders) -> Devices:
    return draw_devices(orders, 11)


def _owners(devices: Devices, people: int) -> dict[int, set[int]]:
    owners: dict[int, set[int]] = {}
    for person in range(people):
        for device in devices.owner_device[devices.owner_first[person] : devices.owner_first[person + 1]].tolist():
            owners.setdefault(device, set()).add(person)
    return owners


def test_everybody_has_one_to_three_devices_or_one_more_that_is_shared(devices: Devices, orders: Orders) -> None:
    counts = np.diff(devices.owner_first)
    assert len(counts) == orders.people
    assert counts.min() >= 1
    assert counts.max() <= 4


def test_exactly_the_marked_devices_have_two_owners(devices: Devices, orders: Orders) -> None:
    owners = _owners(devices, orders.people)
    shared = {device for device, people in owners.items() if len(people) == 2}
    assert shared == set(np.flatnonzero(devices.shared).tolist())
    assert max(len(people) for people in owners.values()) == 2
    assert len(shared) == int(orders.people * SHARED_HOUSEHOLD_SHARE / 2)


def test_picked_devices_are_ones_own_and_favourites_come_first(devices: Devices, orders: Orders) -> None:
    rng, owners = np.random.default_rng(0), _owners(devices, orders.people)
    person = rng.integers(orders.people, size=4_000)
    picked = devices.pick(person, rng.random(4_000))
    assert all(who in owners[device] for who, device in zip(person.tolist(), picked.tolist(), strict=True))
    first = devices.owner_device[devices.owner_first[person]]
    several = np.diff(devices.owner_first)[person] > 1
    assert (picked == first)[several].mean() > 0.5


def test_cookies_change_at_the_rotation_and_only_then(devices: Devices) -> None:
    browsers = np.flatnonzero(~devices.is_app(np.arange(len(devices.profile))))[:50]
    rotation = devices.rotations_us[browsers, 0]
    before = devices.cookie_at(browsers, rotation - 1)
    after = devices.cookie_at(browsers, rotation)
    assert (after == before + 1).all()
    assert (before // (MAX_ROTATIONS + 1) == browsers).all()


def test_apps_have_no_cookie(devices: Devices, orders: Orders) -> None:
    apps = np.flatnonzero(devices.is_app(np.arange(len(devices.profile))))
    assert (devices.cookie_at(apps, np.full(len(apps), orders.end_us)) == -1).all()


def test_a_cookie_lives_at_least_a_week(devices: Devices, orders: Orders) -> None:
    lives = np.diff(np.column_stack([np.full(len(devices.profile), orders.start_us), devices.rotations_us]), axis=1)
    assert lives.min() >= 7 * DAY_US - 1
