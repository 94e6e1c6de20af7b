"""One person a household: accounts, e-mail addresses and the traits that drive behaviour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.arrays import DAY_US, F64, I64, SECOND_US, Bool
from simulation.orders import Orders
from simulation.randomness import opaque, stream

DIGITAL_SHARE = 0.90
ACCOUNT_SHARE = 0.86
SECOND_EMAIL_SHARE = 0.07
_FIRST_NAMES = ("ava", "ben", "chloe", "dan", "ella", "finn", "grace", "hugo", "iris", "jack", "kate", "liam", "mia")
_LAST_NAMES = ("adams", "brooks", "carter", "diaz", "evans", "fisher", "gray", "hill", "ives", "jones", "king", "lopez")
_MAIL_HOSTS = ("example.com", "example.org", "example.net")
REGIONS = ("OH", "KY", "IN", "MI", "TN")


@dataclass(frozen=True)
class People:
    """Arrays of one entry a person. `affinity`, `price_sensitivity` and `basket_rank` are 0 to 1.

    `person_ids` are the truth's names; they never reach a landing file.
    """

    person_ids: list[str]
    joined_us: I64
    is_digital: Bool
    has_account: Bool
    has_email: Bool
    logins: list[str]
    emails: list[str]
    second_emails: list[str]
    has_second_email: Bool
    affinity: F64
    open_rate: F64
    price_sensitivity: F64
    basket_rank: F64
    mean_order_amount: F64
    regions: list[str]


def draw_people(orders: Orders, seed: int) -> People:
    """Draw the people behind the households.

    Price sensitivity follows the household's real share of list value saved by shelf discounts (rank, with 15 %
    noise), so that a model can find it in behaviour.
    """
    rng, count = stream(seed, "people"), orders.people
    has_email = rng.random(count) < 0.93
    has_account = has_email & (rng.random(count) < ACCOUNT_SHARE / 0.93)
    emails, seconds = _emails(rng, count, int(orders.household_ids[0]) - 1)
    amount = np.bincount(orders.order_person, orders.order_amount, count)
    mean_amount = amount / np.maximum(np.bincount(orders.order_person, minlength=count), 1)
    return People(
        person_ids=opaque(seed, "person", np.arange(count), "person-"),
        joined_us=_joined(orders, rng),
        is_digital=rng.random(count) < DIGITAL_SHARE,
        has_account=has_account,
        has_email=has_email,
        logins=opaque(seed, "login", np.arange(count), "u-"),
        emails=emails,
        second_emails=seconds,
        has_second_email=has_email & (rng.random(count) < SECOND_EMAIL_SHARE),
        affinity=rng.beta(1.8, 2.6, count),
        open_rate=rng.beta(2.2, 4.2, count),
        price_sensitivity=_price_sensitivity(orders, rng),
        basket_rank=_rank(mean_amount),
        mean_order_amount=mean_amount,
        regions=[REGIONS[i] for i in rng.choice(len(REGIONS), count, p=(0.55, 0.2, 0.15, 0.06, 0.04))],
    )


def _joined(orders: Orders, rng: np.random.Generator) -> I64:
    first = np.full(orders.people, orders.end_us, dtype=np.int64)
    np.minimum.at(first, orders.order_person, orders.order_at_us)
    lead = (rng.random(orders.people) * 10 * DAY_US).astype(np.int64) + 600 * SECOND_US
    earliest = orders.start_us + (rng.random(orders.people) * 600 * SECOND_US).astype(np.int64)
    joined: I64 = np.maximum(first - lead, earliest)
    return joined


def _emails(rng: np.random.Generator, count: int, first_number: int) -> tuple[list[str], list[str]]:
    first, last = rng.integers(len(_FIRST_NAMES), size=count), rng.integers(len(_LAST_NAMES), size=count)
    hosts = [_MAIL_HOSTS[one] for one in rng.integers(len(_MAIL_HOSTS), size=count)]
    given, family = [_FIRST_NAMES[one] for one in first], [_LAST_NAMES[one] for one in last]
    parts = list(zip(given, family, range(first_number, first_number + count), hosts, strict=True))
    return (
        [f"{name}.{surname}{number}@{host}" for name, surname, number, host in parts],
        [f"{name[0]}{surname}.{number}@work.{host}" for name, surname, number, host in parts],
    )


def _price_sensitivity(orders: Orders, rng: np.random.Generator) -> F64:
    saved = np.bincount(orders.line_person, orders.line_discount, orders.people)
    listed = np.bincount(orders.line_person, orders.line_list_amount, orders.people)
    share = saved / np.maximum(listed, 0.01)
    return 0.85 * _rank(share) + 0.15 * rng.random(orders.people)


def _rank(values: F64) -> F64:
    return np.argsort(np.argsort(values, kind="stable"), kind="stable") / max(len(values) - 1, 1)
