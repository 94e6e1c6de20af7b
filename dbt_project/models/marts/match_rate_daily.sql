-- One row per source and day: how many events and sessions of people belong to somebody known by name; bots left out.
with events as (

    select * from {{ ref('int_events') }}
    where not is_bot and event_type not in ('product_updated', 'price_updated', 'stock_updated')

),

final as (

    select
        events.source,
        events.event_date,
        count(*) as events,
        {{ count_if('coalesce(login_customers.is_known, anchor_customers.is_known, false)') }} as matched,
        {{ count_if('events.is_session_start') }} as sessions,
        {{ count_if(
            'events.is_session_start and coalesce(login_customers.is_known, anchor_customers.is_known, false)'
        ) }} as matched_sessions,
        {{ ratio(
            'sum(case when coalesce(login_customers.is_known, anchor_customers.is_known, false) then 1 else 0 end)',
            'count(*)'
        ) }} as match_rate
    from events
    {{ customer_joins('events') }}
    group by events.source, events.event_date

)

select * from final
