"""Devices, the cookies that rotate on them, and the family devices that two households share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.arrays import DAY_US, F64, I64, Bool, group_starts
from simulation.orders import Orders
from simulation.randomness import stream
from simulation.user_agents import DEVICE_PROFILES

SHARED_HOUSEHOLD_SHARE = 0.04
MEAN_COOKIE_DAYS = 80.0
MAX_ROTATIONS = 16


@dataclass(frozen=True)
class Devices:
    """Devices and who uses them.

    `owner_device[owner_first[p]:owner_first[p + 1]]` are the devices of person p, favourite first.
    `rotations_us` (devices x MAX_ROTATIONS) holds the times at which a device's cookie was replaced.
    """

    profile: I64
    owner_device: I64
    owner_first: I64
    rotations_us: I64
    shared: Bool

    def is_app(self, device: I64) -> Bool:
        """Whether each device is an app installation, which carries a device id instead of a cookie."""
        apps: Bool = np.array([profile.is_app for profile in DEVICE_PROFILES])[self.profile[device]]
        return apps

    def cookie_at(self, device: I64, at_us: I64) -> I64:
        """Number of the cookie in force on each device at each time; -1 on apps."""
        epoch = (self.rotations_us[device] <= at_us[:, None]).sum(axis=1)
        return np.where(self.is_app(device), -1, device * (MAX_ROTATIONS + 1) + epoch)

    def pick(self, person: I64, chance: F64) -> I64:
        """The device used, given a uniform draw per visit; favourites are used more."""
        count = self.owner_first[person + 1] - self.owner_first[person]
        offset = np.minimum((chance**1.7 * count).astype(np.int64), count - 1)
        picked: I64 = self.owner_device[self.owner_first[person] + offset]
        return picked


def draw_devices(orders: Orders, seed: int) -> Devices:
    """One to three devices a person; 4 % of the households visit on a neighbour's or relative's device as well."""
    rng, people = stream(seed, "devices"), orders.people
    owned = rng.choice((1, 2, 3), people, p=(0.45, 0.40, 0.15)).astype(np.int64)
    owner = np.repeat(np.arange(people), owned)
    total = len(owner)
    shares = np.array([profile.share for profile in DEVICE_PROFILES])
    guests, lent = _shared(rng, owner, people)
    all_owner, all_device = np.r_[owner, guests], np.r_[np.arange(total), lent]
    # A guest's shared device ranks first half of the time, so that shared use is frequent enough to be seen.
    rank = np.r_[np.arange(total), np.where(rng.random(len(lent)) < 0.5, -1, total)]
    by = np.lexsort((rank, all_owner))
    gaps = np.maximum(rng.exponential(MEAN_COOKIE_DAYS, (total, MAX_ROTATIONS)), 7.0) * DAY_US
    shared = np.zeros(total, dtype=np.bool_)
    shared[lent] = True
    return Devices(
        profile=rng.choice(len(DEVICE_PROFILES), total, p=shares / shares.sum()).astype(np.int64),
        owner_device=all_device[by].astype(np.int64),
        owner_first=group_starts(all_owner[by], people),
        rotations_us=orders.start_us + np.cumsum(gaps.astype(np.int64), axis=1),
        shared=shared,
    )


def _shared(rng: np.random.Generator, owner: I64, people: int) -> tuple[I64, I64]:
    pairs = int(people * SHARED_HOUSEHOLD_SHARE / 2)
    chosen = rng.permutation(people)[: 2 * pairs].astype(np.int64)
    hosts, guests = chosen[:pairs], chosen[pairs:]
    return guests, np.searchsorted(owner, hosts).astype(np.int64)
