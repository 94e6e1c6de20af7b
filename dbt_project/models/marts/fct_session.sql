-- One row per session and its first day; bots' sessions are marked, not dropped.
{{
    config(
        materialized='incremental',
        incremental_strategy='touched',
        unique_key=['session_id', 'session_date'],
        on_schema_change='fail',
        meta={'touched_day': 'session_date'},
    )
}}
-- depends_on: {{ source('refresh', 'customer') }}
-- depends_on: {{ source('refresh', 'identifier') }}
-- depends_on: {{ source('refresh', 'day') }}
with sessions as (

    select opened.* from {{ ref('int_sessions') }} as opened
    {%- if only_touched() %}
    where
        opened.event_date in (select days.event_date from {{ source('refresh', 'day') }} as days)
        or {{ may_be_touched('opened') }}
    {%- endif %}

),

final as (

    select
        sessions.session_id,
        sessions.event_date as session_date,
        case when not sessions.is_bot then {{ tracked_customer_of() }} end as customer_id,
        sessions.source,
        sessions.channel,
        sessions.started_at,
        sessions.ended_at,
        {{ milliseconds_between('sessions.started_at', 'sessions.ended_at') }} as duration_ms,
        sessions.device_type,
        sessions.os,
        sessions.browser,
        sessions.referrer,
        sessions.campaign,
        sessions.landing_page_type,
        {{ shop_hour('sessions.started_at') }} as shop_hour,
        sessions.n_events,
        sessions.n_page_views,
        sessions.n_product_views,
        sessions.n_searches,
        sessions.n_cart_adds,
        sessions.n_checkouts_started,
        sessions.n_orders,
        sessions.dwell_ms,
        sessions.max_scroll_depth,
        sessions.n_page_views <= 1 and sessions.n_cart_adds = 0 as is_bounce,
        sessions.is_bot,
        sessions.is_simulated
    from sessions
    {{ customer_joins('sessions') }}

)

select * from final
