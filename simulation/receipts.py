"""E-receipts: the evidence that ties a loyalty card to an e-mail address, for most real orders."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from simulation.arrays import I64, SECOND_US, timestamps
from simulation.orders import Orders
from simulation.people import People
from simulation.randomness import opaque, stream

RECEIPT_SHARE = 0.70
SECOND_EMAIL_USE = 0.30


def receipt_table(orders: Orders, people: People, seed: int) -> pa.Table:
    """One row per order whose receipt went by e-mail, one to three minutes after the order."""
    rng = stream(seed, "receipts")
    order, second = _chosen(orders, people, rng)
    person = orders.order_person[order]
    at = orders.order_at_us[order] + ((1 + 2 * rng.random(len(order))) * 60 * SECOND_US).astype(np.int64)
    keep = at + 2 * SECOND_US < orders.end_us
    order, person, second, at = order[keep], person[keep], second[keep], at[keep]
    by = np.lexsort((order, at))
    order, person, second, at = order[by], person[by], second[by], at[by]
    addresses = pa.array([*people.emails, *people.second_emails])
    return pa.table(
        {
            "event_id": opaque(seed, "receipt", order, "rc-"),
            "occurred_at": timestamps(at),
            "received_at": timestamps(at + 2 * SECOND_US),
            "order_id": pa.array(orders.order_ids[order]).cast(pa.string()),
            "household_id": pa.array(orders.household_ids[person]),
            "email": addresses.take(pa.array(person + second * orders.people)),
            "kind": pa.array(["receipt_linked"] * len(order)),
            "is_simulated": pa.array(np.ones(len(order), dtype=np.bool_)),
        }
    )


def _chosen(orders: Orders, people: People, rng: np.random.Generator) -> tuple[I64, I64]:
    has_email = people.has_email[orders.order_person]
    order = np.flatnonzero(has_email & (rng.random(len(has_email)) < RECEIPT_SHARE)).astype(np.int64)
    second = people.has_second_email[orders.order_person[order]] & (rng.random(len(order)) < SECOND_EMAIL_USE)
    return order, second.astype(np.int64)
