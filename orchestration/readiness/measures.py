"""What has landed: sources, identifiers, fields, customers, history; counted in the lake, before or after any run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from intake.event import HINT_TYPES
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from orchestration.readiness.lake import lake_view
from orchestration.readiness.lists import ListMeasure, measure_lists

MEMORY = "4GB"
ACTIVE_DAYS = 90
DAYS_A_MONTH = 30.44
PERSON_TYPES = ("login", "loyalty_id", "email", "phone", "crm_id", "pos_id")
"""Types that name a person; the others name a browser, a device or a place."""
PROFILE_FIELDS = (
    "product_id", "category", "query", "order_id", "amount", "device_type", "campaign", "region", "store_id",
    "session_id", "dwell_ms",
)  # fmt: skip


@dataclass(frozen=True)
class SourceMeasure:
    """One source: events, days (UTC) of the first and last, share of events that name a person."""

    source: str
    events: int
    first_day: date
    last_day: date
    event_types: tuple[str, ...]
    named_share: float


@dataclass(frozen=True)
class Measures:
    """Everything that readiness is judged by. Shares lie between 0 and 1.

    `match_rate`: share of people's events that name a person, or come from a browser or device that a person was
    seen with. `active_customers`: persons and unknown browsers with an event in the `ACTIVE_DAYS` before `as_of`.
    """

    as_of: datetime
    sources: tuple[SourceMeasure, ...]
    identifiers: dict[str, int]
    fields: dict[str, float]
    event_types: dict[str, int]
    months: float
    active_customers: int
    known_customers: int
    match_rate: float | None
    orders: int
    buyers: int
    repeat_buyers: int
    products_sold: int
    products_described: int
    consent_purposes: tuple[str, ...]
    traits: tuple[str, ...]
    last_event_at: datetime | None
    lists: ListMeasure = field(default_factory=ListMeasure)
    judged_by: str = "a first look at the lake"


def measure(paths: DataPaths, as_of: datetime) -> Measures | None:
    """Measure the lake as of a moment; None when nothing has landed by then."""
    files = [file for file in OpsStore(paths).visible_files() if file.min_received_at < as_of]
    if not files:
        return None
    with TemporaryDirectory() as folder, duckdb.connect() as connection:
        for setting in ("TimeZone = 'UTC'", f"memory_limit = '{MEMORY}'", f"temp_directory = '{folder}'"):
            connection.execute(f"set {setting}").fetchall()
        lake_view(connection, [str(paths.root / file.path) for file in files], as_of, PERSON_TYPES, HINT_TYPES)
        return _measures(connection, as_of)


def _measures(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> Measures | None:
    span = _rows(connection, "select min(occurred_at) as first, max(occurred_at) as last from people")[0]
    if span["first"] is None and not _rows(connection, "select 1 from events limit 1"):
        return None
    months = 0.0 if span["first"] is None else (span["last"] - span["first"]).total_seconds() / 86_400 / DAYS_A_MONTH
    since = as_of - timedelta(days=ACTIVE_DAYS)
    active = _rows(
        connection,
        "select count(distinct owner) as n, count(distinct case when owner_known then owner end) as known"
        " from owned where occurred_at >= ?",
        since,
    )[0]
    orders = _rows(
        connection,
        "select coalesce(sum(orders), 0) as orders, count(*) as buyers, count(case when orders > 1 then 1 end) as again"
        " from (select owner, count(*) as orders from owned where event_type = 'order_completed' group by owner)",
    )[0]
    matched = _rows(connection, "select avg(cast(owner_known as double)) as rate from owned")[0]["rate"]
    return Measures(
        as_of=as_of,
        sources=_sources(connection),
        identifiers=_counted(connection, "select type, count(distinct value) from identified group by 1"),
        fields=_fields(connection),
        event_types=_counted(connection, "select event_type, count(*) from events group by 1"),
        months=round(months, 1),
        active_customers=int(active["n"]),
        known_customers=int(active["known"]),
        match_rate=None if matched is None else float(matched),
        orders=int(orders["orders"]),
        buyers=int(orders["buyers"]),
        repeat_buyers=int(orders["again"]),
        products_sold=_count(connection, "select count(distinct product_id) as n from order_products"),
        products_described=_count(
            connection, "select count(distinct product_id) as n from events where event_type = 'product_updated'"
        ),
        consent_purposes=_names(connection, "select distinct purpose from consent order by 1"),
        traits=_names(connection, "select distinct trait from traits order by 1"),
        last_event_at=span["last"],
        lists=measure_lists(connection),
    )


def _sources(connection: duckdb.DuckDBPyConnection) -> tuple[SourceMeasure, ...]:
    found = _rows(
        connection,
        "select source, count(*) as events, cast(min(occurred_at) as date) as first_day,"
        " cast(max(occurred_at) as date) as last_day, list_sort(list(distinct event_type)) as types,"
        " avg(cast(names_person as double)) as share from events group by source order by source",
    )
    return tuple(
        SourceMeasure(
            row["source"], int(row["events"]), row["first_day"], row["last_day"], tuple(row["types"]), row["share"]
        )
        for row in found
    )


def _fields(connection: duckdb.DuckDBPyConnection) -> dict[str, float]:
    shares = ", ".join(f"coalesce(avg(cast({name} is not null as double)), 0) as {name}" for name in PROFILE_FIELDS)
    return {name: float(share) for name, share in _rows(connection, f"select {shares} from people")[0].items()}


def _names(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[str, ...]:
    return tuple(str(name) for (name,) in connection.execute(sql).fetchall())


def _count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    return int(_rows(connection, sql)[0]["n"])


def _counted(connection: duckdb.DuckDBPyConnection, sql: str) -> dict[str, int]:
    return {str(name): int(count) for name, count in sorted(connection.execute(sql).fetchall())}


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, *parameters: Any) -> list[dict[str, Any]]:
    cursor = connection.execute(sql, list(parameters))
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
