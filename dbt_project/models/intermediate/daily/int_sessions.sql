-- One row per session and its first day, the day of the event that opened it; a session over midnight stays whole.
with events as (

    select * from {{ ref('int_events').render() }}
    where session_id is not null and {{ in_batch_and_neighbours() }}

),

openings as (

    select * from events
    where is_session_start and {{ in_batch() }}

),

final as (

    select
        openings.session_id,
        openings.event_date,
        openings.received_date,
        openings.anchor_key,
        openings.login_key,
        openings.source,
        openings.channel,
        openings.device_type,
        openings.os,
        openings.browser,
        openings.referrer,
        openings.campaign,
        openings.page_type as landing_page_type,
        openings.is_simulated,
        min(events.occurred_at) as started_at,
        max(events.occurred_at) as ended_at,
        count(*) as n_events,
        {{ count_if("events.event_type in ('page_viewed', 'product_viewed')") }} as n_page_views,
        {{ count_if("events.event_type = 'product_viewed'") }} as n_product_views,
        {{ count_if("events.event_type = 'searched'") }} as n_searches,
        {{ count_if("events.event_type = 'cart_added'") }} as n_cart_adds,
        {{ count_if("events.event_type = 'checkout_started'") }} as n_checkouts_started,
        {{ count_if("events.event_type = 'order_completed'") }} as n_orders,
        {{ total_if('events.dwell_ms', 'true') }} as dwell_ms,
        max(events.scroll_depth) as max_scroll_depth,
        bool_or(events.is_bot) as is_bot
    from openings
    inner join events
        on
            openings.session_id = events.session_id
            and events.event_date >= {{ days_after('openings.event_date', -1) }}
            and events.event_date <= {{ days_after('openings.event_date', 1) }}
    group by
        openings.session_id,
        openings.event_date,
        openings.received_date,
        openings.anchor_key,
        openings.login_key,
        openings.source,
        openings.channel,
        openings.device_type,
        openings.os,
        openings.browser,
        openings.referrer,
        openings.campaign,
        openings.page_type,
        openings.is_simulated

)

select * from final
