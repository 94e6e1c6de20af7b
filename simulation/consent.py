"""Consent by purpose: what each person granted on joining, and the withdrawals around the middle of the year."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from simulation.arrays import DAY_US, HOUR_US, I64, SECOND_US, Bool, labels, timestamps
from simulation.orders import Orders
from simulation.people import People
from simulation.randomness import opaque, stream

LINKED_ACCOUNT_SHARE = 0.80


class Purpose(NamedTuple):
    """A purpose, the share that grants it on joining, the share of those that later withdraws, and its regime."""

    name: str
    granted_share: float
    withdrawn_share: float
    regime: str


PURPOSES = (
    Purpose("analytics", 0.97, 0.01, "opt_out"),
    Purpose("personalization", 0.85, 0.05, "opt_in"),
    Purpose("marketing_email", 0.78, 0.06, "opt_in"),
    Purpose("profiling_price", 0.70, 0.04, "opt_in"),
)


class ConsentLog(NamedTuple):
    """One entry a change, in order of time. `purpose` indexes `PURPOSES`."""

    person: I64
    purpose: I64
    at_us: I64
    granted: Bool

    def granted_until(self, purpose: str, people: int, end_us: int) -> I64:
        """When each person's grant ends (`end_us` if it never does); 0 where it was never given."""
        mine = self.purpose == [item.name for item in PURPOSES].index(purpose)
        until = np.zeros(people, dtype=np.int64)
        until[self.person[mine & self.granted]] = end_us
        withdrawn = mine & ~self.granted & (until[self.person] > 0)
        until[self.person[withdrawn]] = self.at_us[withdrawn]
        return until


def draw_consent(orders: Orders, people: People, seed: int) -> ConsentLog:
    """First answers when a person joins; withdrawals between 35 % and 75 % of the period."""
    rng, count = stream(seed, "consent"), orders.people
    everyone, parts = np.arange(count, dtype=np.int64), []
    for number, purpose in enumerate(PURPOSES):
        granted = rng.random(count) < purpose.granted_share
        parts.append((everyone, number, people.joined_us + number * SECOND_US, granted))
        day = orders.start_us + ((0.35 + 0.40 * rng.random(count)) * orders.days).astype(np.int64) * DAY_US
        at = day + (15 * HOUR_US + rng.random(count) * 8 * HOUR_US).astype(np.int64)
        leaves = granted & (rng.random(count) < purpose.withdrawn_share) & (at > people.joined_us + DAY_US)
        parts.append((everyone[leaves], number, at[leaves], np.zeros(int(leaves.sum()), dtype=np.bool_)))
    person = np.concatenate([part[0] for part in parts])
    purpose_code = np.concatenate([np.full(len(part[0]), part[1], dtype=np.int64) for part in parts])
    at_us, answer = np.concatenate([part[2] for part in parts]), np.concatenate([part[3] for part in parts])
    keep = at_us < orders.end_us - SECOND_US
    by = np.lexsort((purpose_code[keep], person[keep], at_us[keep]))
    return ConsentLog(person[keep][by], purpose_code[keep][by], at_us[keep][by], answer[keep][by])


def consent_table(log: ConsentLog, orders: Orders, people: People, seed: int) -> pa.Table:
    """The consent service's export: loyalty card, e-mail where known, login where the account is linked to the card."""
    linked = people.has_account & (stream(seed, "linked").random(orders.people) < LINKED_ACCOUNT_SHARE)
    rows = len(log.person)
    return pa.table(
        {
            "event_id": opaque(seed, "consent", np.arange(rows), "cn-"),
            "occurred_at": timestamps(log.at_us),
            "received_at": timestamps(log.at_us + SECOND_US),
            "household_id": pa.array(orders.household_ids[log.person]),
            "email": labels(people.emails, np.where(people.has_email[log.person], log.person, -1)),
            "login": labels(people.logins, np.where(linked[log.person], log.person, -1)),
            "purpose": labels([purpose.name for purpose in PURPOSES], log.purpose),
            "granted": pa.array(log.granted),
            "regime": labels([purpose.regime for purpose in PURPOSES], log.purpose),
            "is_simulated": pa.array(np.ones(rows, dtype=np.bool_)),
        }
    )
