"""What rebuilt days said before, so that only who came out differently is looked at again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from orchestration.partitions import DayRange
from orchestration.warehouse import Warehouse
from orchestration.warehouse_migration import bring_up_to_date

# More days than this are a backfill or a first load: everybody is looked at again, which costs less than comparing.
MOST_DAYS_COMPARED = 62
SCHEMA = "intermediate"
# Raw events and sessions stand behind the daily tables; these two concern identities and accounts, not features.
NOT_READ_BY_FEATURES = (
    "int_events",
    "int_sessions",
    "int_identifier_seen_daily",
    "int_account_sighting_daily",
)
KEYS = ("anchor_key", "login_key", "identifier_key")
BASE_KEYS = frozenset({"anchor_key", "identifier_key"})
# A carrier's message may name an order and nobody: it concerns whoever placed the order.
NAMELESS_SQL = """
    select event_date, order_id, sum(hash(daily)) as fingerprint
    from intermediate.int_order_milestone_daily as daily
    where anchor_key is null and event_date in (select event_date from {days})
    group by event_date, order_id
"""


@dataclass(frozen=True)
class KeyedTable:
    """A daily table whose rows belong to identifiers, and its columns that name one."""

    name: str
    keys: tuple[str, ...]


def remember_days(warehouse: Warehouse, built: DayRange, beside: Collection[date] = ()) -> None:
    """Keep what the days of a range say, before they are rebuilt; a day that is kept already stays as it is kept.

    What is kept is what the customers' rows were made from, however often a day is rebuilt until they are made again.
    `beside` are days outside the range that are rebuilt with it and may come out differently.
    """
    days = [*(built.first + timedelta(days=step) for step in range(built.days)), *sorted(beside)]
    with warehouse.connect() as connection:
        bring_up_to_date(connection)
        if len(days) > MOST_DAYS_COMPARED:
            _run(connection, f"insert into refresh.everybody values ('{len(days)} days rebuilt')")
            return
        rows = ", ".join(f"(date '{day}')" for day in days)
        _run(
            connection,
            "create or replace temporary table new_day as select event_date"
            f" from (values {rows}) as rebuilt (event_date)"
            " where event_date not in (select event_date from refresh.rebuilt_day)",
        )
        for kind, sql in fingerprints(connection, "new_day").items():
            _run(connection, f"delete from refresh.{kind}_before where event_date in (select event_date from new_day)")
            _run(connection, f"insert into refresh.{kind}_before {sql}")
        _run(connection, "insert into refresh.rebuilt_day select event_date from new_day")


def fingerprints(connection: duckdb.DuckDBPyConnection, days: str) -> dict[str, str]:
    """Queries for one number a day and identifier, and a day and order that names nobody; only of tables that exist.

    `days` names a table with the days in question.
    """
    found: dict[str, str] = {}
    parts = [
        f"select event_date, {key} as identifier_key, hash(daily, '{table.name}') as row_hash"
        f" from {SCHEMA}.{table.name} as daily"
        f" where {key} is not null and event_date in (select event_date from {days})"
        for table in keyed_tables(connection)
        for key in table.keys
    ]
    if parts:
        rows = " union all ".join(parts)
        found["day"] = (
            "select event_date, identifier_key, sum(row_hash) as fingerprint"
            f" from ({rows}) as hashed group by event_date, identifier_key"
        )
    if _exists(connection, "int_order_milestone_daily"):
        found["order"] = NAMELESS_SQL.format(days=days)
    return found


def keyed_tables(connection: duckdb.DuckDBPyConnection) -> list[KeyedTable]:
    """The daily tables that features read, found by their columns, so that a new one counts without being listed."""
    rows = connection.execute(
        "select table_name, list(column_name) from information_schema.columns where table_schema = ?"
        " group by table_name having list_contains(list(column_name), 'event_date')",
        [SCHEMA],
    ).fetchall()
    return [
        KeyedTable(str(name), tuple(key for key in KEYS if key in columns))
        for name, columns in sorted(rows)
        if name not in NOT_READ_BY_FEATURES and BASE_KEYS & set(columns)
    ]


def _exists(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    sql = "select 1 from information_schema.tables where table_schema = ? and table_name = ?"
    return bool(connection.execute(sql, [SCHEMA, table]).fetchall())


def _run(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    connection.execute(sql).fetchall()
