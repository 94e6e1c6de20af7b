"""Visits: when, by whom, on which device and cookie, logged in or not, and what brought them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.activity import WEEK_US
from simulation.arrays import DAY_US, F64, HOUR_US, I64, LOCAL_OFFSET_US, SECOND_US, Bool
from simulation.devices import MAX_ROTATIONS, Devices
from simulation.emails import EmailLog
from simulation.orders import Orders
from simulation.people import People
from simulation.randomness import stream

LOGIN_SHARE = 0.74
REMEMBERED_SHARE = 0.30
BOT_SESSIONS_PER_DAY = 1.6
BROWSE_SESSIONS_PER_INTEREST = 0.13
# Share of a day's browsing by local hour, 0 to 23: little at night, a lunch bump, an evening peak.
_HOURS = np.array([1, 1, 0, 0, 0, 1, 2, 4, 5, 5, 5, 6, 7, 6, 5, 5, 5, 6, 7, 9, 10, 9, 6, 3], dtype=np.float64)


@dataclass(frozen=True)
class Sessions:
    """One entry a visit in order of its start. -1 stands for none (bots have no person and no device).

    `order` is the real order that the visit led to, `click` the e-mail click that opened it, `steps` the number of
    pages, `cookie` the cookie's number.
    """

    person: I64
    device: I64
    cookie: I64
    start_us: I64
    order: I64
    click: I64
    is_logged_in: Bool
    is_remembered: Bool
    steps: I64

    @property
    def is_bot(self) -> Bool:
        """Crawler visits."""
        return self.person < 0


def draw_sessions(
    orders: Orders, people: People, devices: Devices, interest: F64, emails: EmailLog, seed: int
) -> Sessions:
    """Visits before orders, unprompted visits, visits from e-mail clicks, and crawlers.

    A visit before an order happens with a chance that grows with the person's affinity, minutes to three days ahead.
    """
    rng = stream(seed, "sessions")
    before = _before_orders(orders, people, rng)
    browse = _unprompted(orders, people, interest, rng)
    clicks = emails.kind == 2
    mailed = (emails.person[clicks], emails.at_us[clicks] + SECOND_US)
    person = np.r_[before[0], browse[0], mailed[0]]
    start = np.r_[before[1], browse[1], mailed[1]]
    order = np.r_[before[2], np.full(len(browse[0]) + len(mailed[0]), -1)]
    click = np.r_[np.full(len(before[0]) + len(browse[0]), -1), emails.click[clicks]]
    keep = (
        (start >= people.joined_us[person])
        & (start < orders.end_us - HOUR_US)
        & (people.is_digital[person] | (click >= 0))
    )
    person, start, order, click = person[keep], start[keep], order[keep], click[keep]
    device = devices.pick(person, rng.random(len(person)))
    logged_in = people.has_account[person] & (rng.random(len(person)) < LOGIN_SHARE)
    steps = 1 + rng.negative_binomial(1.6, np.where(order >= 0, 0.29, 0.36))
    human = Sessions(
        person,
        device,
        devices.cookie_at(device, start),
        start,
        order,
        click,
        logged_in,
        logged_in & (rng.random(len(person)) < REMEMBERED_SHARE),
        np.minimum(steps, 40).astype(np.int64),
    )
    return _by_start(human, _bots(orders, len(devices.profile) * (MAX_ROTATIONS + 1), rng))


def _before_orders(orders: Orders, people: People, rng: np.random.Generator) -> tuple[I64, I64, I64]:
    chance = 0.03 + 0.50 * people.affinity[orders.order_person]
    order = np.flatnonzero(rng.random(len(orders.order_ids)) < chance).astype(np.int64)
    soon = rng.random(len(order)) < 0.45
    short = 0.3 * HOUR_US + rng.exponential(2 * HOUR_US, len(order))
    long = (0.35 + rng.random(len(order)) * 2.6) * DAY_US
    start = orders.order_at_us[order] - np.where(soon, short, long).astype(np.int64)
    return orders.order_person[order], np.where(soon, start, _in_waking_hours(start, rng)), order


def _in_waking_hours(start: I64, rng: np.random.Generator) -> I64:
    day = (start - LOCAL_OFFSET_US) // DAY_US
    hour = rng.choice(24, len(start), p=_HOURS / _HOURS.sum())
    moved = day * DAY_US + LOCAL_OFFSET_US + ((hour + rng.random(len(start))) * HOUR_US).astype(np.int64)
    return np.minimum(moved, start + 6 * HOUR_US)


def _unprompted(orders: Orders, people: People, interest: F64, rng: np.random.Generator) -> tuple[I64, I64]:
    rate = interest * BROWSE_SESSIONS_PER_INTEREST * (0.25 + 1.75 * people.affinity)[:, None]
    counts = rng.poisson(rate)
    person, week = np.divmod(np.repeat(np.arange(counts.size), counts.ravel()), counts.shape[1])
    day = orders.start_us + week * WEEK_US + rng.integers(0, 7, len(person)) * DAY_US
    return person.astype(np.int64), _in_waking_hours(day + 20 * HOUR_US, rng)


def _bots(orders: Orders, first_cookie: int, rng: np.random.Generator) -> Sessions:
    # Crawlers keep no cookie, so each visit brings a new one.
    count = max(2, int(orders.days * BOT_SESSIONS_PER_DAY))
    start = np.sort(orders.start_us + (rng.random(count) * (orders.days * DAY_US - HOUR_US)).astype(np.int64))
    none, no = np.full(count, -1, dtype=np.int64), np.zeros(count, dtype=np.bool_)
    steps = rng.integers(8, 40, count)
    return Sessions(none, none, first_cookie + np.arange(count), start, none, none, no, no, steps)


def _by_start(first: Sessions, second: Sessions) -> Sessions:
    names = list(Sessions.__dataclass_fields__)
    joined = {name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in names}
    by = np.lexsort((joined["person"], joined["start_us"]))
    return Sessions(**{name: values[by] for name, values in joined.items()})
