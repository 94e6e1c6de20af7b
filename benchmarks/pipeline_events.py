"""Events of a made-up shop in the lake's own format: seeded, any number, a month at a time in bounded memory.

Visits of a browser (views, searches, carts, a login now and then), orders with lines by card or login, and e-mails. The
last day is today's; a customer's activity is spread unevenly, as it is in shops.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from intake.event import EVENT_SCHEMA
from intake.lake import write_events
from intake.ops_records import BatchRecord
from intake.ops_store import OpsStore
from intake.paths import DataPaths

SOURCE = "bench"
ROWS_A_BATCH = 500_000
EVENTS_A_VISIT = 6
SECONDS_A_DAY = 86_400
# Type of an event and its share of all.
MIX = {
    "page_viewed": 0.30,
    "product_viewed": 0.30,
    "searched": 0.06,
    "cart_added": 0.06,
    "checkout_started": 0.02,
    "logged_in": 0.02,
    "order_completed": 0.04,
    "email_sent": 0.14,
    "email_opened": 0.06,
}
CATEGORIES = [f"category {number}" for number in range(40)]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Shop:
    """How much history there is: events over days that end with `last`, by so many customers."""

    events: int
    customers: int
    days: int
    last: date = date(2017, 12, 31)
    seed: int = 7

    @property
    def first(self) -> date:
        """The first day."""
        return self.last - timedelta(days=self.days - 1)

    @property
    def end(self) -> datetime:
        """Midnight after the last day (UTC)."""
        return datetime.combine(self.last + timedelta(days=1), datetime.min.time(), UTC)


def land(paths: DataPaths, shop: Shop) -> int:
    """Write the shop's events and record them as intake does; returns how many."""
    return sum(_record(paths, batch, name) for name, batch in batches(shop))


def land_hour(paths: DataPaths, shop: Shop, events: int, seed: int) -> int:
    """One late batch: `events` more of the last day, by customers who may or may not be known."""
    rng = np.random.default_rng(seed)
    table = _table(rng, shop, shop.last, 1, events, prefix=f"hour{seed}")
    return _record(paths, table, f"hour-{seed}")


def batches(shop: Shop) -> Iterator[tuple[str, pa.Table]]:
    """Tables of consecutive days, each of about half a million rows."""
    rng = np.random.default_rng(shop.seed)
    days_a_batch = max(1, ROWS_A_BATCH * shop.days // shop.events)
    done = 0
    for start in range(0, shop.days, days_a_batch):
        days = min(days_a_batch, shop.days - start)
        target = shop.events * (start + days) // shop.days
        yield (
            f"days-{start}",
            _table(rng, shop, shop.first + timedelta(days=start), days, target - done, prefix=f"b{start}"),
        )
        done = target


def _table(rng: np.random.Generator, shop: Shop, first: date, days: int, rows: int, *, prefix: str) -> pa.Table:
    customers, offsets = _visits(rng, shop.customers, days, rows)
    names = np.array(list(MIX), dtype=object)
    kinds = rng.choice(len(MIX), size=rows, p=list(MIX.values()))
    types = names[kinds]
    start = int(datetime.combine(first, datetime.min.time(), UTC).timestamp())
    occurred = (start + offsets) * 1_000_000
    received = np.minimum(occurred + rng.integers(1, 90, rows) * 1_000_000, int(shop.end.timestamp()) * 1_000_000 - 1)
    is_order, is_mail = types == "order_completed", np.isin(types, ["email_sent", "email_opened"])
    is_view = np.isin(types, ["page_viewed", "product_viewed"])
    amounts = 3 * rng.integers(1, 200, rows)
    products = rng.integers(0, 20_000, rows)
    columns: dict[str, pa.Array] = {
        "event_id": pa.array([f"{prefix}-{number}" for number in range(rows)]),
        "event_type": pa.array(types, pa.string()),
        "occurred_at": pa.array(occurred, pa.timestamp("us", tz="UTC")),
        "received_at": pa.array(received, pa.timestamp("us", tz="UTC")),
        "identifiers": _identifiers(types, customers),
        "channel": _text(np.where(is_mail, "email", "web")),
        "device_type": _text(np.where(rng.random(rows) < 0.6, "mobile", "desktop"), is_view),
        "product_id": _text(np.char.add("p", products.astype(str)), types == "product_viewed"),
        "category": _text(np.array(CATEGORIES)[products % len(CATEGORIES)], is_view),
        "order_id": _text(np.char.add(f"{prefix}-o", np.arange(rows).astype(str)), is_order),
        "amount": _money(amounts, is_order),
        "currency": _text(np.full(rows, "USD"), is_order),
        "dwell_ms": pa.array(rng.integers(500, 90_000, rows), mask=~is_view),
        "properties": pa.array(_properties(is_order, amounts, products)),
        "source": pa.repeat(SOURCE, rows),
        "is_simulated": pa.repeat(True, rows),
        "loaded_at": pa.repeat(pa.scalar(shop.end, pa.timestamp("us", tz="UTC")), rows),
    }
    absent = {field.name: pa.nulls(rows, field.type) for field in EVENT_SCHEMA if field.name not in columns}
    return pa.table({**absent, **columns}).select(EVENT_SCHEMA.names).cast(EVENT_SCHEMA)


def _visits(rng: np.random.Generator, customers: int, days: int, rows: int) -> tuple[Numbers, Numbers]:
    """Customer and second of each event: visits of some minutes, by customers of uneven activity."""
    visits = -(-rows // EVENTS_A_VISIT)
    people = (customers * rng.random(visits) ** 2).astype(np.int64)
    starts = rng.integers(0, days * SECONDS_A_DAY - 3_600, visits)
    steps = rng.integers(5, 300, (visits, EVENTS_A_VISIT)).cumsum(axis=1)
    return np.repeat(people, EVENTS_A_VISIT)[:rows], (starts[:, None] + steps).ravel()[:rows]


def _identifiers(types: npt.NDArray[np.object_], customers: Numbers) -> pa.Array:
    """A browser's cookie; with a login beside it where one logs in, a card on orders, an address on e-mails."""
    kind = np.full(len(types), "cookie", dtype=object)
    kind[types == "order_completed"] = "loyalty_id"
    kind[np.isin(types, ["email_sent", "email_opened"])] = "email"
    second = np.full(len(types), "", dtype=object)
    second[types == "logged_in"] = "login"
    second[(types == "order_completed") & (customers % 2 == 0)] = "email"
    counts = 1 + (second != "")
    ends = np.concatenate([[0], counts.cumsum()])
    kinds, people = np.repeat(kind, counts), np.repeat(customers, counts)
    kinds[ends[1:][counts == 2] - 1] = second[counts == 2]
    values = pa.array([hashed(name, person) for name, person in zip(kinds, people.tolist(), strict=True)])
    pairs = pa.StructArray.from_arrays([pa.array(kinds, pa.string()), values], names=["type", "value"])
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pairs)


PRIMES = {"cookie": 0x9E3779B97F4A7C15, "login": 0xC2B2AE3D27D4EB4F, "loyalty_id": 0x165667B19E3779F9,
          "email": 0x27D4EB2F165667C5}  # fmt: skip


def hashed(kind: str, person: int) -> str:
    """Stands in for the keyed hash, 32 hexadecimal digits; different for different people and kinds."""
    return f"{(person + 1) * PRIMES[kind] % 2**64:016x}{person:016x}"


def _text(values: npt.NDArray[np.str_], mask: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    return pa.array(values, pa.string(), mask=None if mask is None else ~mask)


def _money(amounts: Numbers, mask: npt.NDArray[np.bool_]) -> pa.Array:
    return pa.array(amounts, pa.int64(), mask=~mask).cast(pa.decimal128(23, 4)).cast(pa.decimal128(18, 4))


def _properties(is_order: npt.NDArray[np.bool_], amounts: Numbers, products: Numbers) -> list[str]:
    found = ["{}"] * len(is_order)
    for place in np.flatnonzero(is_order).tolist():
        amount, product = int(amounts[place]), int(products[place])
        lines = [{"product_id": f"p{(product + n) % 20_000}", "quantity": 1, "amount": amount // 3} for n in range(3)]
        found[place] = json.dumps({"discount_amount": amount % 7, "coupon_discount_amount": 0, "lines": lines})
    return found


def _record(paths: DataPaths, table: pa.Table, name: str) -> int:
    batch = f"{SOURCE}{name}"
    files = write_events(paths, table, SOURCE, batch.rjust(16, "0"), 0)
    at = files[0].loaded_at
    rows = table.num_rows
    OpsStore(paths).record_batch(
        BatchRecord(batch.rjust(16, "0"), SOURCE, "1", name, name, rows, rows, 0, 0, 0, rows, at, at), files
    )
    return rows
