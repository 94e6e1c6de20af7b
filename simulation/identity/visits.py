"""Visits to the web shop: who, when, on what device, logged in or not; kiosks, guest checkouts and bots among them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulation.arrays import DAY_US, I64, SECOND_US, Bool
from simulation.identity.company import Company
from simulation.identity.contacts import BOT_ADDRESSES
from simulation.identity.devices import Devices
from simulation.identity.occasions import moments
from simulation.identity.sightings import Sightings
from simulation.randomness import stream

VISITS_PER_YEAR = 24.0
KIOSK_VISITS_PER_YEAR = 6.0
SECOND_ACCOUNT_USE = 0.30
CHECKOUT_SHOWN_SHARE = 0.60


class Visits(NamedTuple):
    """One entry a visit; `device` -1 for bots, `login` and `email` -1 where nobody says who he is."""

    person: I64
    at_us: I64
    device: I64
    login: I64
    email: I64
    bot: I64


def draw_visits(company: Company, devices: Devices, guests: Sightings) -> Visits:
    """All visits by time."""
    rng = stream(company.seed, "identity visits")
    parts = [
        _browsing(rng, company, devices),
        _at_kiosks(rng, company, devices),
        _checkouts(rng, devices, guests),
        _bots(rng, company),
    ]
    joined = Visits(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    order = np.lexsort((joined.email, joined.person, joined.at_us))
    return Visits(*(column[order] for column in joined))


def _browsing(rng: np.random.Generator, company: Company, devices: Devices) -> Visits:
    accounts, knobs, count = company.accounts, company.knobs, company.people.people
    keen = rng.gamma(1.5, 1 / 1.5, count)
    rate = VISITS_PER_YEAR * keen * np.where(accounts.has_account, 1.0, 1.0 - knobs.cookieless_stranger_share)
    person, at_us = moments(rng, company.period, np.arange(count, dtype=np.int64), rate)
    device = _device(rng, devices, person)
    # Apps keep their users signed in; browsers forget.
    anonymous = (rng.random(len(person)) < knobs.anonymous_visit_share) & ~devices.shows_device(device)
    logs_in = accounts.has_account[person] & ~anonymous
    is_second = (accounts.second_login[person] >= 0) & (rng.random(len(person)) < SECOND_ACCOUNT_USE)
    login = np.where(is_second, accounts.second_login[person], person)
    email = np.where(is_second, accounts.second_login_email[person], accounts.login_email[person])
    return _visits(person, at_us, device, np.where(logs_in, login, -1), np.where(logs_in, email, -1))


def _at_kiosks(rng: np.random.Generator, company: Company, devices: Devices) -> Visits:
    users = np.flatnonzero(devices.kiosk >= 0).astype(np.int64)
    person, at_us = moments(rng, company.period, users, KIOSK_VISITS_PER_YEAR)
    return _visits(person, at_us, devices.kiosk[person], person, np.full(len(person), -1, dtype=np.int64))


def _checkouts(rng: np.random.Generator, devices: Devices, guests: Sightings) -> Visits:
    email = guests.codes["email"]
    shown = (email >= 0) & (rng.random(len(email)) < CHECKOUT_SHOWN_SHARE)
    person, at_us = guests.person[shown], guests.at_us[shown] - 30 * SECOND_US
    nobody = np.full(len(person), -1, dtype=np.int64)
    return _visits(person, at_us, _device(rng, devices, person), nobody, email[shown])


def _bots(rng: np.random.Generator, company: Company) -> Visits:
    """Each bot signs up with 80 addresses in one night: half its own, half of real people."""
    own = company.contacts.bot_emails
    bots = len(own) * 2 // BOT_ADDRESSES
    stolen = rng.integers(company.people.people, size=len(own))
    email = np.concatenate([own, company.contacts.email[stolen]]).astype(np.int64)
    bot = np.tile(np.repeat(np.arange(bots, dtype=np.int64), BOT_ADDRESSES // 2), 2)
    night = company.period.start_us + rng.integers(company.period.days - 1, size=bots) * DAY_US
    at_us = night[bot] + rng.integers(2 * 3600, 4 * 3600, len(bot)) * SECOND_US
    nobody = np.full(len(bot), -1, dtype=np.int64)
    return Visits(nobody, at_us, nobody, nobody, email, bot)


def _device(rng: np.random.Generator, devices: Devices, person: I64) -> I64:
    chance = rng.random((2, len(person)))
    own = 2 * person + (devices.has_second[person] & (chance[0] < 0.35))
    tablet = devices.tablet[person]
    return np.where((tablet >= 0) & (chance[1] < 0.35), tablet, own)


def _visits(person: I64, at_us: I64, device: I64, login: I64, email: I64) -> Visits:
    return Visits(person, at_us, device, login, email, np.full(len(person), -1, dtype=np.int64))


def is_bot(visits: Visits) -> Bool:
    """Which visits no person made."""
    return np.asarray(visits.bot >= 0)
