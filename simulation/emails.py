"""Newsletters: who got one, opened it and clicked, under the marketing consent of the day."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulation.activity import WEEK_US, interest_at
from simulation.arrays import DAY_US, F64, HOUR_US, I64, SECOND_US
from simulation.consent import ConsentLog
from simulation.orders import Orders
from simulation.people import People
from simulation.randomness import stream

EMAIL_TYPES = ("sent", "opened", "clicked")
# Newsletters leave on the layer's third day of each week at 14:00 UTC (a Tuesday for Complete Journey).
_SEND_OFFSET_US = 2 * DAY_US + 14 * HOUR_US
_CLICK_RATE = 0.22


class EmailLog(NamedTuple):
    """One entry a message event in order of arrival.

    `kind` indexes `EMAIL_TYPES`; `click` numbers the clicks and is -1 elsewhere.
    """

    kind: I64
    person: I64
    week: I64
    at_us: I64
    received_us: I64
    click: I64


def draw_emails(orders: Orders, people: People, consent: ConsentLog, interest: F64, seed: int) -> EmailLog:
    """Weekly or fortnightly newsletters; interested people open and click more.

    Opens follow the sending after an exponential delay (mean 7 hours), clicks the opening after about a minute.
    """
    rng = stream(seed, "emails")
    sent_person, sent_week, sent_at = _sendings(orders, people, consent, rng)
    level = interest_at(interest, orders, sent_person, sent_at)
    warmth = np.clip(0.35 + 0.65 * level / (1.0 + level) * 2.0, 0.3, 1.5)
    opened = rng.random(len(sent_at)) < people.open_rate[sent_person] * warmth
    open_at = sent_at + (rng.exponential(7 * HOUR_US, len(sent_at))).astype(np.int64) + 60 * SECOND_US
    clicked = opened & (rng.random(len(sent_at)) < _CLICK_RATE * warmth)
    click_at = open_at + (rng.exponential(60 * SECOND_US, len(sent_at))).astype(np.int64) + 2 * SECOND_US
    kinds = np.repeat(np.arange(3), (len(sent_at), int(opened.sum()), int(clicked.sum())))
    person = np.r_[sent_person, sent_person[opened], sent_person[clicked]]
    week = np.r_[sent_week, sent_week[opened], sent_week[clicked]]
    at_us = np.r_[sent_at, open_at[opened], click_at[clicked]]
    received = at_us + (rng.random(len(at_us)) * 5 * SECOND_US).astype(np.int64) + SECOND_US
    by = np.lexsort((kinds, person, received))
    by = by[received[by] < orders.end_us]
    click = np.where(kinds[by] == 2, np.cumsum(kinds[by] == 2) - 1, -1)
    return EmailLog(kinds[by].astype(np.int64), person[by], week[by], at_us[by], received[by], click.astype(np.int64))


def campaign_names(weeks: int) -> list[str]:
    """The newsletter's campaign name by week of the layer."""
    return [f"newsletter_{week + 1:02d}" for week in range(weeks)]


def _sendings(orders: Orders, people: People, consent: ConsentLog, rng: np.random.Generator) -> tuple[I64, I64, I64]:
    weeks = -(-orders.days // 7)
    until = consent.granted_until("marketing_email", orders.people, orders.end_us)
    every = rng.choice((1, 2), orders.people, p=(0.25, 0.75))
    week, person = np.divmod(np.arange(weeks * orders.people, dtype=np.int64), orders.people)
    at = (
        orders.start_us + week * WEEK_US + _SEND_OFFSET_US + (rng.random(len(week)) * 1800 * SECOND_US).astype(np.int64)
    )
    due = people.has_email[person] & (week % every[person] == person % every[person])
    due &= (at >= people.joined_us[person]) & (at < until[person]) & (at < orders.end_us)
    return person[due], week[due], at[due]
