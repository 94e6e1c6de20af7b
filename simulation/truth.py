"""The truth, written apart from everything the pipeline reads."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from simulation.arrays import I64, Bool, labels
from simulation.incentives import ARMS, PotentialOutcomes
from simulation.names import Names
from simulation.orders import Orders
from simulation.people import People
from simulation.sessions import Sessions


def identifier_truth(orders: Orders, people: People, sessions: Sessions, names: Names) -> pa.Table:
    """`type, value_clear, person_id`: who stands behind each identifier.

    A shared cookie or device has a row per person; a crawler's cookie has a null person.
    """
    everyone = np.arange(orders.people, dtype=np.int64)
    households = [str(item) for item in orders.household_ids.tolist()]
    return pa.concat_tables(
        [
            _rows("loyalty_id", households, everyone, everyone, people),
            _owned("login", people.logins, people.has_account, people),
            _owned("email", people.emails, people.has_email, people),
            _owned("email", people.second_emails, people.has_second_email, people),
            _used("cookie", names.cookies, names.cookie_code, sessions, people),
            _used("device_id", names.device_ids, names.app_code, sessions, people),
            _used("click_id", names.click_ids, sessions.click, sessions, people),
        ]
    )


def session_truth(people: People, sessions: Sessions, names: Names) -> pa.Table:
    """`session_id, person_id, is_bot` of every tagged visit."""
    tagged = np.flatnonzero(names.is_tagged)
    return pa.table(
        {
            "session_id": labels(names.session_ids, tagged),
            "person_id": labels(people.person_ids, sessions.person[tagged]),
            "is_bot": pa.array(sessions.is_bot[tagged]),
        }
    )


def outcome_truth(people: People, outcomes: PotentialOutcomes) -> pa.Table:
    """`person_id, arm, p_convert, margin_amount` for every person under every arm."""
    person, arm = np.divmod(np.arange(outcomes.p_convert.size, dtype=np.int64), len(ARMS))
    return pa.table(
        {
            "person_id": labels(people.person_ids, person),
            "arm": labels([item.name for item in ARMS], arm),
            "p_convert": pa.array(np.round(outcomes.p_convert.ravel(), 6)),
            "margin_amount": pa.array(np.round(outcomes.margin_amount.ravel(), 4)),
        }
    )


def fault_truth(planted: list[tuple[str, str, list[str]]]) -> pa.Table:
    """`source, event_id, fault`: which events were spoilt on purpose, and how."""
    rows = [(source, event_id, fault) for source, fault, event_ids in planted for event_id in event_ids]
    names = ("source", "event_id", "fault")
    return pa.table({name: pa.array([row[i] for row in rows], type=pa.string()) for i, name in enumerate(names)})


def _rows(kind: str, values: list[str], code: I64, person: I64, people: People) -> pa.Table:
    return pa.table(
        {
            "type": pa.array([kind] * len(code), type=pa.string()),
            "value_clear": labels(values, code),
            "person_id": labels(people.person_ids, person),
        }
    )


def _owned(kind: str, values: list[str], has_one: Bool, people: People) -> pa.Table:
    person = np.flatnonzero(has_one).astype(np.int64)
    return _rows(kind, values, person, person, people)


def _used(kind: str, values: list[str], code: I64, sessions: Sessions, people: People) -> pa.Table:
    pairs = np.unique(np.column_stack([code, sessions.person])[code >= 0], axis=0)
    return _rows(kind, values, pairs[:, 0], pairs[:, 1], people)
