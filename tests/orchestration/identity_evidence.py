"""A warehouse with daily evidence written by hand or drawn from a seed, as the daily models would leave it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from orchestration.identity.write import ABOUT_TOUCHED
from orchestration.warehouse import Warehouse
from orchestration.warehouse_schema import create_source_tables

FIRST = date(2017, 1, 1)
DDL = (
    "create schema if not exists intermediate",
    "create table intermediate.int_identifier_seen_daily (identifier_key bigint, type varchar, value_hash varchar,"
    " event_date date, received_date date, first_occurred_at timestamp, last_occurred_at timestamp,"
    " first_received_at timestamp, last_received_at timestamp, n bigint)",
    "create table intermediate.int_identity_pair_daily (a_key bigint, b_key bigint, a_type varchar, b_type varchar,"
    " rule varchar, source varchar, event_date date, received_date date, first_occurred_at timestamp,"
    " last_occurred_at timestamp, first_received_at timestamp, last_received_at timestamp, n_observed bigint)",
)
TYPES = {"login": 1, "loyalty_id": 2, "email": 3, "phone": 4, "crm_id": 5, "device_id": 6, "cookie": 7}
Sighting = tuple[str, int, str, int, int]
Tables = dict[str, list[tuple[object, ...]]]


def key_of(kind: str, number: int) -> int:
    """The key of the `number`th identifier of a type."""
    return TYPES[kind] * 1_000_000 + number


def evidence_warehouse(path: Path) -> Warehouse:
    """A warehouse with empty evidence that stands at 2017-01-01."""
    warehouse = Warehouse(path)
    with warehouse.connect() as connection:
        create_source_tables(connection)
        for statement in DDL:
            connection.execute(statement).fetchall()
    stand_at(warehouse, 0)
    return warehouse


def stand_at(warehouse: Warehouse, day: int) -> None:
    """Move the run's moment to the midnight at which day number `day` begins."""
    with warehouse.connect() as connection:
        connection.execute("delete from ops.run_context").fetchall()
        moment = datetime.combine(FIRST, datetime.min.time()) + timedelta(days=day)
        connection.execute("insert into ops.run_context values (?)", [moment]).fetchall()


def observe(warehouse: Warehouse, rows: Iterable[Sighting]) -> None:
    """Write sightings (type, number, other type, other number, day number): two identifiers on one event."""
    seen: list[tuple[object, ...]] = []
    pairs: list[tuple[object, ...]] = []
    for place, (a_kind, a_number, b_kind, b_number, day) in enumerate(rows):
        on = FIRST + timedelta(days=day)
        at = datetime.combine(on, datetime.min.time()) + timedelta(minutes=place % 1400)
        when = (on, on, at, at, at, at, 1)
        a_key, b_key = key_of(a_kind, a_number), key_of(b_kind, b_number)
        seen += [(key, kind, f"{key:032x}", *when) for key, kind in ((a_key, a_kind), (b_key, b_kind))]
        pairs.append((a_key, b_key, a_kind, b_kind, f"same_event:{a_kind}-{b_kind}", "web", *when))
    with warehouse.connect() as connection:
        for table, values in (("int_identifier_seen_daily", seen), ("int_identity_pair_daily", pairs)):
            connection.register("observed", pd.DataFrame(values))
            connection.execute(f"insert into intermediate.{table} select * from observed").fetchall()
            connection.unregister("observed")


def random_sightings(people: int, days: int, seed: int) -> Iterator[Sighting]:
    """Sightings of people with a login, an address, a phone and two browsers; one browser in five has a second user."""
    generator = np.random.default_rng(seed)
    for day in range(days):
        for person in generator.choice(people, size=people // 2, replace=False).tolist():
            login = ("login", person) if person % 3 else ("loyalty_id", person)
            other = ("email", person // 2 if person % 7 == 0 else person)
            if generator.random() < 0.3:
                other = ("phone", person)
            browser = int(person + people * generator.integers(2))
            visitor = (browser + 1) % people if generator.random() < 0.04 else browser
            yield (*login, *other, day)
            yield (*login, "cookie", visitor, day)
            if generator.random() < 0.3:
                yield ("cookie", browser, "device_id", person, day)


def ledger_of(warehouse: Warehouse) -> Tables:
    """Every row of every table of the ledger, sorted."""
    return {name: sorted(warehouse.rows(f"select * from identity.{name}"), key=repr) for name in ABOUT_TOUCHED}
