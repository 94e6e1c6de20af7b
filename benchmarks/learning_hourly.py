"""What an hour of learning costs with a long history behind it: credits and sums of the new exposures alone."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import duckdb

from orchestration.learning.changes import credit_all, prepare, take_in
from orchestration.warehouse_schema import create_source_tables

HISTORY: Final = 10_000_000
NEW: Final = 400_000
OUTCOMES_PER_EXPOSURE: Final = 0.1
PEOPLE: Final = 2_000_000
# Ninety days of ten experiments; the new ones are those of the last hour, by people who came before as well.
_EXPOSURES: Final = """
    select concat('p', i) as personalization_id, concat('e', i % 10) as experiment, 1 as experiment_version,
        cast(hash(i, 1) % 12 as integer) as segment_id, concat('c', hash(i, 2) % 3) as context_bucket,
        concat('a', hash(i, 3) % 4) as arm, 'live' as traffic, concat('u', hash(i, 4) % {people}) as person,
        cast(null as bigint) as anchor_key, {shown} as shown_at, {shown} as received_at, true as is_creditable,
        true as is_counted
    from range({first}, {last}) as t(i)
"""
_PAST: Final = "timestamp '2026-01-01' + to_microseconds(cast(7776000000000 * (i / {n}) as bigint))"
_NOW: Final = "timestamp '2026-04-01' + to_microseconds(cast(3600000000 * ((i - {n}) / {new}) as bigint))"
_OUTCOMES: Final = """
    select concat('order:', j) as outcome_id, 'order' as kind, person, cast(null as bigint) as anchor_key,
        concat(j) as order_id, case when hash(j, 5) % 2 = 0 then personalization_id end as personalization_id,
        shown_at + to_microseconds(cast(hash(j, 6) % 259200000000 as bigint)) as occurred_at,
        occurred_at as received_at,
        true as is_converted, cast(hash(j, 7) % 90000000 as bigint) as revenue_micros,
        cast(hash(j, 8) % 30000000 as bigint) as margin_micros, cast(null as bigint) as cost_micros,
        cast(null as bigint) as ltv_change_micros
    from (select *, cast(substr(personalization_id, 2) as bigint) as j from {exposures}) as e
    where hash(j, 9) % 1000 < {permille}
"""


def measure(history: int = HISTORY, new: int = NEW, *, check: bool = True) -> list[tuple[str, float, float | None]]:
    """CPU seconds of an hour with `new` exposures and their first outcomes behind `history` exposures.

    Returns:
        Rows (measure, value, target); with `check` also how many sums differ from a full count.
    """
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(str(Path(folder) / "w.duckdb")) as connection:
        _history(connection, history)
        hour = _hour(connection, history, new)
        rows: list[tuple[str, float, float | None]] = [
            (f"hourly update, {history:,} exposures of history, {new:,} new: CPU s", hour, 60.0)
        ]
        if check:
            rows.append(("credits and sums that differ from a full count", float(_torn(connection)), 0.0))
        return rows


def run() -> list[tuple[str, float, float | None]]:
    """An hour behind a long history, and the same hour behind a tenth of it: cost has to follow the new."""
    rows = measure()
    short = measure(HISTORY // 10, check=False)[0]
    return [*rows, (f"the same hour behind {HISTORY // 10:,} exposures: CPU s", short[1], None)]


def _history(connection: duckdb.DuckDBPyConnection, history: int) -> None:
    _run(connection, "set enable_progress_bar = false")
    create_source_tables(connection)
    past = _PAST.format(n=history)
    exposures = _EXPOSURES.format(first=0, last=history, shown=past, people=PEOPLE)
    _run(connection, f"insert into ml.learned_exposure by name {exposures}")
    _follow(connection, "ml.learned_exposure", "ml.learned_outcome")
    credit_all(connection)


def _follow(connection: duckdb.DuckDBPyConnection, exposures: str, outcomes: str) -> None:
    permille = round(OUTCOMES_PER_EXPOSURE * 1_000)
    _run(connection, f"insert into {outcomes} by name {_OUTCOMES.format(exposures=exposures, permille=permille)}")


def _hour(connection: duckdb.DuckDBPyConnection, history: int, new: int) -> float:
    prepare(connection)
    shown = _NOW.format(n=history, new=new)
    rows = _EXPOSURES.format(first=history, last=history + new, shown=shown, people=PEOPLE)
    _run(connection, f"insert into incoming_exposure by name {rows}")
    _follow(connection, "incoming_exposure", "incoming_outcome")
    _run(connection, "checkpoint")
    before = time.process_time()
    moved = take_in(connection)
    spent = time.process_time() - before
    if moved.exposures != new:
        raise RuntimeError(f"{moved.exposures} exposures taken in, {new} expected")
    return spent


def _torn(connection: duckdb.DuckDBPyConnection) -> int:
    """Rows of credits and sums that a full count leaves otherwise."""
    tables = ("ml.attribution", "ml.arm_stats", "ml.arm_person", "ml.conversion_delay")
    for table in tables:
        _run(connection, f"create temporary table {table.replace('.', '_')} as from {table}")
    credit_all(connection)
    return sum(_differing(connection, table, table.replace(".", "_")) for table in tables)


def _differing(connection: duckdb.DuckDBPyConnection, one: str, other: str) -> int:
    sql = f"select count(*) from ((from {one} except from {other}) union all (from {other} except from {one})) as d"
    return int(connection.execute(sql).fetchall()[0][0])


def _run(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    connection.execute(sql).fetchall()


if __name__ == "__main__":
    size = int(sys.argv[1]) if len(sys.argv) > 1 else HISTORY
    for name, value, target in measure(size, max(size // 25, 1)) if size != HISTORY else run():
        print(f"{name}: {value:,.1f}" + (f" (at most {target:g})" if target is not None else ""))
