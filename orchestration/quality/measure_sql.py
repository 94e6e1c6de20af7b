"""The aggregates that the watch looks at, as SQL over staging; counts only, nothing personal."""

from __future__ import annotations

WATCHED_COLUMNS = (
    "session_id", "product_id", "category", "order_id", "quantity", "unit_price", "amount", "currency", "campaign",
    "page_url", "store_id", "device_type", "country", "query",
)  # fmt: skip
ORDERS = "('order_completed', 'order_refunded')"


def base(first_day: str, time_zone: str) -> str:
    """CTEs `events` (people's events since the day, each once, with the shop's hour) and `staged` (all copies)."""
    zone = time_zone.replace("'", "''")
    return f"""
    with events as (
        select *, hour(timezone('{zone}', timezone('UTC', occurred_at))) as shop_hour
        from intermediate.int_events where event_date >= date '{first_day}' and not is_bot
    ), staged as (
        select source, event_date, count(*) as rows_staged
        from staging.stg_events where event_date >= date '{first_day}' group by source, event_date
    )"""


def days_sql(first_day: str, time_zone: str) -> str:
    """source, event_date, events, lag_hours (from the day's end until 9 of 10 rows had arrived)."""
    return f"""{base(first_day, time_zone)}
    select source, event_date, count(*) as events,
        greatest(0, quantile_cont(epoch(received_at), 0.9) - epoch(event_date) - 86400) / 3600.0 as lag_hours
    from events group by source, event_date"""


def spreads_sql(first_day: str, time_zone: str) -> str:
    """source, event_date, dimension, value, events."""
    parts = (
        ("event_type", "event_type", "true"),
        ("category", "category", "category is not null"),
        ("hour", "cast(shop_hour as varchar)", "true"),
        (
            "amount",
            "cast(floor(2 * log2(cast(coalesce(amount, unit_price) as double))) as varchar)",
            "coalesce(amount, unit_price) > 0",
        ),
    )
    selects = [
        f"select source, event_date, '{name}' as dimension, {value} as value, count(*) as events"
        f" from events where {condition} group by 1, 2, 3, 4"
        for name, value, condition in parts
    ]
    return base(first_day, time_zone) + " union all ".join(selects)


def empty_fields_sql(first_day: str, time_zone: str) -> str:
    """source, event_date, event_type, total and one count of empty fields a watched column."""
    counts = ", ".join(f"count(*) - count({name}) as {name}" for name in WATCHED_COLUMNS)
    return f"""{base(first_day, time_zone)}
    select source, event_date, event_type, count(*) as total, {counts},
        sum(case when identifiers is null or len(identifiers) = 0 then 1 else 0 end) as identifiers
    from events group by source, event_date, event_type"""


def copies_sql(first_day: str, time_zone: str) -> str:
    """source, event_date, measure `copies`, bad (rows that repeat another), total (rows staged)."""
    return f"""{base(first_day, time_zone)}, once as (
        select source, event_date, count(*) as n from intermediate.int_events
        where event_date >= date '{first_day}' group by source, event_date
    )
    select s.source, s.event_date, 'copies' as measure, s.rows_staged - coalesce(o.n, 0) as bad, s.rows_staged as total
    from staged as s left join once as o on s.source = o.source and s.event_date = o.event_date"""


def orphans_sql(first_day: str, time_zone: str) -> str:
    """source, event_date, measure, bad, total of refunds without order, lines without product, orders without lines.

    Products are judged only where a catalogue is known, lines only for sources whose orders have some.
    """
    return f"""{base(first_day, time_zone)}, known_orders as (
        select distinct order_id from intermediate.int_events where event_type = 'order_completed'
    ), catalogue as (
        select distinct product_id from intermediate.int_events where event_type = 'product_updated'
    ), lines as (
        select e.source, l.event_id, l.event_date, l.product_id
        from intermediate.int_order_lines as l
        inner join events as e on l.event_id = e.event_id and l.event_date = e.event_date
    ), orders as (
        select e.source, e.event_date, case when l.event_id is null then 1 else 0 end as bare
        from events as e
        left join (select distinct event_id, event_date from lines) as l
            on e.event_id = l.event_id and e.event_date = l.event_date
        where e.event_type = 'order_completed'
    ), lined as (
        select source from orders group by source having min(bare) = 0
    )
    select source, event_date, 'refunds_without_order' as measure,
        sum(case when k.order_id is null then 1 else 0 end) as bad, count(*) as total
    from events as e left join known_orders as k on e.order_id = k.order_id
    where e.event_type in ('order_refunded', 'return_requested', 'return_received') group by 1, 2
    union all
    select source, l.event_date, 'lines_without_product',
        sum(case when c.product_id is null then 1 else 0 end), count(*)
    from lines as l left join catalogue as c on l.product_id = c.product_id
    where l.product_id is not null and exists (select 1 from catalogue) group by 1, 2
    union all
    select source, event_date, 'orders_without_lines', sum(bare), count(*) from orders
    where source in (select source from lined) group by 1, 2"""
