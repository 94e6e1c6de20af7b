-- Folding by circumstance, product and topic loses nothing: visits, orders, lines and told events by day.
{{ config(meta={'dagster': {'ref': {'name': 'int_identifier_occasion_daily'}}}) }}
with daily as (

    select
        event_date,
        sum(n_sessions) as n_visits,
        sum(n_orders) as n_orders
    from {{ ref('int_identifier_daily') }}
    where {{ tested_days() }}
    group by event_date

),

occasions as (

    select
        event_date,
        sum(n_visits) as n_visits,
        sum(n_orders) as n_orders
    from {{ ref('int_identifier_occasion_daily') }}
    where {{ tested_days() }}
    group by event_date

),

lines as (

    select
        event_date,
        count(*) as n_lines,
        sum(amount) as amount
    from {{ ref('int_order_lines') }}
    where event_type = 'order_completed' and anchor_key is not null and {{ tested_days() }}
    group by event_date

),

products as (

    select
        event_date,
        sum(n_lines) as n_lines,
        sum(amount) as amount
    from {{ ref('int_identifier_product_daily') }}
    where {{ tested_days() }}
    group by event_date

)

select
    daily.event_date,
    daily.n_visits,
    occasions.n_visits as n_folded_visits,
    lines.n_lines,
    products.n_lines as n_folded_lines
from daily
left join occasions on daily.event_date = occasions.event_date
left join lines on daily.event_date = lines.event_date
left join products on daily.event_date = products.event_date
where
    daily.n_visits <> coalesce(occasions.n_visits, 0)
    or daily.n_orders <> coalesce(occasions.n_orders, 0)
    or coalesce(lines.n_lines, 0) <> coalesce(products.n_lines, 0)
    or coalesce(lines.amount, 0) <> coalesce(products.amount, 0)
