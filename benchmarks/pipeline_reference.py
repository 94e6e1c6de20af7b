"""What one could write by hand instead of the dbt project: visits and 42 aggregates a person, in one DuckDB query.

Beside it the same aggregates from the project's daily table, but for the largest order, which no feature reads.
"""

from __future__ import annotations

from datetime import datetime

SECONDS_OF_GAP = 1_800
WINDOWS = (7, 30, 91, 365)
COUNTED = {
    "views": "event_type in ('page_viewed', 'product_viewed')",
    "searches": "event_type = 'searched'",
    "cart_adds": "event_type = 'cart_added'",
    "orders": "event_type = 'order_completed'",
    "mails": "event_type = 'email_sent'",
    "opens": "event_type = 'email_opened'",
    "visits": "is_start",
}


def aggregates(as_of: datetime) -> list[str]:
    """The 42 expressions: counts in four windows, money, dwell, first and last moments."""
    moment = f"timestamp '{as_of:%Y-%m-%d %H:%M:%S}'"
    since = {days: f"occurred_at >= {moment} - interval {days} day" for days in WINDOWS}
    counts = [
        f"count(*) filter (where {condition} and {since[days]}) as {name}_{days}d"
        for name, condition in COUNTED.items()
        for days in WINDOWS
    ]
    money = [f"sum(amount) filter (where {COUNTED['orders']} and {since[days]}) as spend_{days}d" for days in WINDOWS]
    return [
        *counts,
        *money,
        "sum(amount) as spend",
        f"sum(dwell_ms) filter (where {since[30]}) as dwell_30d",
        f"max(amount) filter (where {since[365]}) as largest_order_365d",
        "min(occurred_at) as first_seen_at",
        "max(occurred_at) as last_seen_at",
        f"min(occurred_at) filter (where {COUNTED['orders']}) as first_order_at",
        f"max(occurred_at) filter (where {COUNTED['orders']}) as last_order_at",
        "max_by(device_type, occurred_at) as last_device_type",
        "max_by(channel, occurred_at) as last_channel",
        "count(*) as events",
    ]


def query(files: str, as_of: datetime) -> str:
    """Visits by gaps of 30 minutes, then one row a person; `files` is a glob of the lake's parquet."""
    return f"""
        create or replace table by_hand as
        with events as (
            select identifiers[1].value as person, event_type, timezone('UTC', occurred_at) as occurred_at, amount,
                dwell_ms, device_type, channel
            from read_parquet('{files}')
        ), started as (
            select *, coalesce(
                epoch_ms(occurred_at)
                - epoch_ms(lag(occurred_at) over (partition by person order by occurred_at)) > {SECONDS_OF_GAP} * 1000,
                true
            ) as is_start
            from events
        )
        select person, {", ".join(aggregates(as_of))} from started group by person
    """


DAILY = {
    "views": "n_page_views",
    "searches": "n_searches",
    "cart_adds": "n_cart_adds",
    "orders": "n_orders",
    "mails": "n_emails_sent",
    "opens": "n_emails_opened",
    "visits": "n_sessions",
}


def from_days(as_of: datetime) -> str:
    """41 of the 42 aggregates out of `int_identifier_daily`, one row an identifier."""
    since = {days: f"event_date >= date '{as_of:%Y-%m-%d}' - {days}" for days in WINDOWS}
    found = [
        f"sum(case when {since[days]} then {measure} end) as {name}_{days}d"
        for name, measure in {**DAILY, "spend": "order_amount"}.items()
        for days in WINDOWS
    ]
    found += [
        "sum(order_amount) as spend",
        f"sum(case when {since[30]} then dwell_ms end) as dwell_30d",
        "min(first_event_at) as first_seen_at",
        "max(last_event_at) as last_seen_at",
        "min(first_order_at) as first_order_at",
        "max(last_order_at) as last_order_at",
        "max(last_device_type).seen as last_device_type",
        "max(last_channel).seen as last_channel",
        "sum(n_events) as events",
    ]
    return f"""
        create or replace table from_days as
        select anchor_key, {", ".join(found)} from intermediate.int_identifier_daily group by anchor_key
    """
