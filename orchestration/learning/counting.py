"""What came of each exposure, and its sums by arm, cell and hour: from nothing, or as what changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import duckdb

from orchestration.learning.credit import run

CELL: Final = "experiment, experiment_version, segment_id, context_bucket, arm, hour"
PERSON: Final = "experiment, experiment_version, arm, person"
SUMS: Final = (
    "exposures", "conversions", "clicks", "complaints", "returns", "revenue_micros", "margin_micros",
    "margin_cents_squared", "cost_micros", "ltv_change_micros",
)  # fmt: skip
# What looks at arms ask of each person: exposures of one person are not independent.
OF_PERSON: Final = ("exposures", "conversions", "complaints", "returns", "margin_micros")
# What is told of a lifetime value goes before what our own scores say of it.
# An exposure with a report takes its money from there: orders beside it are what the report tells of. A refund then
# gives no loss back that no order has brought.
_FOLLOWED: Final = """
    select personalization_id,
        cast(max(case when is_converted and kind in ('order', 'report') then 1 else 0 end) as bigint) as conversions,
        min(case when is_converted and kind in ('order', 'report') then delay_hours end) as first_delay,
        cast(max(case when kind = 'click' then 1 else 0 end) as bigint) as clicks,
        cast(sum(case when kind = 'complaint' then 1 else 0 end) as bigint) as complaints,
        cast(sum(case when kind = 'return' then 1 else 0 end) as bigint) as returns,
        cast(sum(case when is_money then coalesce(revenue_micros, 0) else 0 end) as bigint) as revenue_micros,
        cast(sum(case
            when kind = 'refund' and has_report then least(coalesce(margin_micros, 0), 0)
            when is_money then coalesce(margin_micros, 0) else 0
        end) as bigint) as margin_micros,
        cast(sum(case when is_money then coalesce(cost_micros, 0) else 0 end) as bigint) as cost_micros,
        cast(sum(case
            when kind = 'value' and has_ltv_change then 0 else coalesce(ltv_change_micros, 0)
        end) as bigint) as ltv_change_micros
    from (
        select *, max(kind = 'report') over (partition by personalization_id) as has_report,
            max(kind <> 'value' and ltv_change_micros is not null) over (partition by personalization_id)
                as has_ltv_change,
            kind in ('report', 'refund') or (kind = 'order' and not has_report) as is_money
        from {credits} where rule <> 'none'
    ) as credits group by personalization_id
"""
_EXPOSED: Final = """
    select e.experiment, e.experiment_version, e.segment_id, e.context_bucket, e.arm,
        date_trunc('hour', e.shown_at) as hour, coalesce(e.person, md5(e.personalization_id)) as person,
        cast(1 as bigint) as exposures, f.first_delay,
        {followed},
        {cents} * {cents} as margin_cents_squared
    from {exposures} as e left join ({credits}) as f on e.personalization_id = f.personalization_id
    where e.is_counted
"""
# Whole cents, halves away from zero.
_CENTS: Final = """cast(
    (coalesce(f.margin_micros, 0) + case when f.margin_micros < 0 then -5000 else 5000 end) // 10000 as hugeint
)"""
_OWN: Final = tuple(name for name in SUMS if name not in ("exposures", "margin_cents_squared"))


def by_exposure(exposures: str, credits: str) -> str:
    """A query: one row per counted exposure of a relation with what followed it, by a relation of its credits."""
    followed = ", ".join(f"coalesce(f.{name}, 0) as {name}" for name in _OWN)
    told = _FOLLOWED.format(credits=credits)
    return _EXPOSED.format(exposures=exposures, followed=followed, cents=_CENTS, credits=told)


def stats_of(rows: str) -> str:
    """A query: the sums of such rows by arm, cell and hour, in the order of the table's columns."""
    sums = ", ".join(_sum(name) for name in SUMS)
    return f"select {CELL}, {sums} from ({rows}) as shown group by {CELL}"


def people_of(rows: str) -> str:
    """A query: the sums of such rows by arm and person; whoever is nobody known is each exposure's own."""
    sums = ", ".join(_sum(name) for name in OF_PERSON)
    return f"select {PERSON}, {sums} from ({rows}) as shown group by {PERSON}"


def delays_of(rows: str) -> str:
    """A query: conversions of such rows by experiment and hours from the exposure to the first of them."""
    return (
        "select experiment, first_delay as delay_hour, cast(count(*) as bigint) as conversions"
        f" from ({rows}) as shown where first_delay is not null group by experiment, first_delay"
    )


def rebuild(connection: duckdb.DuckDBPyConnection) -> None:
    """Count everything anew from `ml.learned_exposure` and `ml.attribution`."""
    rows = by_exposure("ml.learned_exposure", "ml.attribution")
    run(connection, f"create or replace temporary table counted as {rows}")
    for table, query in (
        ("ml.arm_stats", stats_of("from counted")),
        ("ml.arm_person", people_of("from counted")),
        ("ml.conversion_delay", delays_of("from counted")),
    ):
        run(connection, f"delete from {table}")
        run(connection, f"insert into {table} {query}")
    run(connection, "drop table counted")


def move(connection: duckdb.DuckDBPyConnection, before: str, after: str) -> None:
    """Add to the sums what the table `after` of counted exposures has more than the table `before`."""
    _merge(connection, "ml.arm_stats", CELL, SUMS, _difference(before, after, stats_of, SUMS))
    people = _difference(before, after, people_of, OF_PERSON)
    _merge(connection, "ml.arm_person", PERSON, OF_PERSON, people)
    delays = _difference(before, after, delays_of, ("conversions",))
    _merge(connection, "ml.conversion_delay", "experiment, delay_hour", ("conversions",), delays)


def _merge(connection: duckdb.DuckDBPyConnection, table: str, key: str, sums: tuple[str, ...], changed: str) -> None:
    """Add rows to a table by key; rows that count nothing any more go."""
    same = " and ".join(f"held.{name} = t.{name}" for name in key.split(", "))
    run(connection, f"create or replace temporary table moved as {changed}")
    touched = f"exists (select 1 from moved as t where {same})"
    run(
        connection,
        f"create or replace temporary table merged as select {key}, {', '.join(map(_sum, sums))} from ("
        f" select * from {table} as held where {touched} union all by name from moved) as parts group by {key}",
    )
    run(connection, f"delete from {table} as held where {touched}")
    run(connection, f"insert into {table} by name select * from merged where {sums[0]} <> 0")


def _difference(before: str, after: str, query: Callable[[str], str], sums: tuple[str, ...]) -> str:
    minus = ", ".join(f"-{name} as {name}" for name in sums)
    return (
        f"select * replace ({minus}) from ({query(f'from {before}')}) as b"
        f" union all by name from ({query(f'from {after}')}) as a"
    )


def _sum(name: str) -> str:
    kind = "decimal(38, 0)" if name == "margin_cents_squared" else "bigint"
    return f"cast(sum({name}) as {kind}) as {name}"
