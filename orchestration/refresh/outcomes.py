"""Which reports of outcomes are made again: those of rebuilt days, and whatever is told together with them.

Reports are told together when they name one order or one outcome: a refund that comes late takes from what the refunds
after it may give back, and a first report makes another one the second. So the reports made again are closed: none of
them has a mate that is not made again, and the rows made of them are what a run over all reports would have made.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Final

import duckdb
import pyarrow as pa

from orchestration.learning.rendering import expression

TOUCHED: Final = "refresh.outcome_event"
_DAYS: Final = "(select event_date from refresh.day)"
# Refunds that name neither an order nor a number of their own are told apart among each other.
_ORDER: Final = "coalesce(order_id, case when event_kind = 'refund' then '' end) as order_id"
_TOLD: Final = f"""
    select event_id, event_date, {_ORDER}, outcome_key, event_kind || ':' || outcome_key as outcome_id
    from intermediate.int_outcomes_told as told
"""
_FRESH: Final = """
    select event_id, event_date, {order}, {key} as outcome_key, null as outcome_id
    from (
        select *, {kind} as event_kind from intermediate.int_events
        where event_date in {days} and event_type in ({types}) and not is_bot
    ) as fresh
    where event_kind is not null
"""
_MATES: Final = f"""
    insert into {TOUCHED} {_TOLD} where event_id not in (select event_id from {TOUCHED}) and (
        told.order_id in (select order_id from {TOUCHED} where order_id is not null)
        or told.outcome_key in (select outcome_key from {TOUCHED} where outcome_key is not null)
        or told.order_id is null and told.event_kind = 'refund' and exists (from {TOUCHED} where order_id = '')
    )
"""
# What a price said before the list of products is made again, so that only orders of products that cost something else
# now are priced again. Of a day that is rebuilt the price may also be gone.
_COSTS: Final = f"""
    insert into refresh.product_cost
    select named.product_id, products.cost
    from (
        select product_id from intermediate.int_events
        where event_date in {_DAYS} and event_type = 'price_updated' and product_id is not null
        union
        select product_id from marts.dim_product where cast(priced_at as date) in {_DAYS}
    ) as named
    left join marts.dim_product as products on named.product_id = products.product_id
    where named.product_id not in (select product_id from refresh.product_cost)
"""
_NEEDED: Final = (("intermediate", "int_outcomes_told"), ("marts", "dim_product"))


def touch_outcomes(connection: duckdb.DuckDBPyConnection) -> None:
    """Add to `refresh.outcome_event` and `refresh.product_cost` what the days of `refresh.day` concern.

    May be repeated, also after rows have been made again: what was noted before stays.
    """
    if not _is_made(connection):
        return
    _run(
        connection,
        f"insert into {TOUCHED} (({_TOLD} where event_date in {_DAYS}) union ({_fresh()})) except from {TOUCHED}",
    )
    _add_mates(connection)
    _run(connection, _COSTS)


def note_mates(connection: duckdb.DuckDBPyConnection, event_ids: Collection[str], keys: Collection[int]) -> None:
    """Note reports that are about to be erased with those told together with them, which are made again afterwards.

    Args:
        connection: of a warehouse with its source tables.
        event_ids: events that are erased.
        keys: identifiers whose events are.
    """
    if not _is_made(connection):
        return
    connection.register("noted_event", pa.table({"id": pa.array(sorted(event_ids), pa.string())}))
    connection.register("noted_key", pa.table({"key": pa.array(sorted(keys), pa.int64())}))
    _run(
        connection,
        f"insert into {TOUCHED} {_TOLD} where event_id in (select id from noted_event)"
        " or anchor_key in (select key from noted_key) or login_key in (select key from noted_key)",
    )
    _add_mates(connection)
    connection.unregister("noted_event")
    connection.unregister("noted_key")


def _add_mates(connection: duckdb.DuckDBPyConnection) -> None:
    before = -1
    while (now := _count(connection)) != before:
        before = now
        _run(connection, _MATES)


@cache
def _fresh() -> str:
    return _FRESH.format(
        order=_ORDER,
        key=expression("{{ stated_outcome_key() }}"),
        kind=expression("{{ outcome_kind() }}"),
        types=expression("{{ outcome_event_types() }}"),
        days=_DAYS,
    )


def _is_made(connection: duckdb.DuckDBPyConnection) -> bool:
    rows = connection.execute("select table_schema, table_name from information_schema.tables").fetchall()
    return set(_NEEDED) <= set(rows)


def _count(connection: duckdb.DuckDBPyConnection) -> int:
    return int(connection.execute(f"select count(*) from {TOUCHED}").fetchall()[0][0])


def _run(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    connection.execute(sql).fetchall()
