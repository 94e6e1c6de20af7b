-- Folding loses nothing: counts and money by day are those of the events that carry an identifier and are not a bot's.
{{ config(meta={'dagster': {'ref': {'name': 'int_identifier_daily'}}}) }}
with events as (

    select
        event_date,
        count(*) as n_events,
        sum(case when event_type = 'order_completed' then amount else 0 end) as order_amount
    from {{ ref('int_events') }}
    where anchor_key is not null and not is_bot and {{ tested_days() }}
    group by event_date

),

daily as (

    select
        event_date,
        sum(n_events) as n_events,
        sum(order_amount) as order_amount
    from {{ ref('int_identifier_daily') }}
    where {{ tested_days() }}
    group by event_date

)

select
    coalesce(events.event_date, daily.event_date) as event_date,
    events.n_events,
    daily.n_events as n_folded
from events
full outer join daily on events.event_date = daily.event_date
where
    events.n_events is distinct from daily.n_events
    or coalesce(events.order_amount, 0) is distinct from coalesce(daily.order_amount, 0)
