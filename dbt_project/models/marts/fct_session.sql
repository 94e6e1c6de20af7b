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

features as (

    select * from {{ ref('int_session_features') }}

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
        features.distinct_products,
        features.most_views_of_one_product,
        features.top_product,
        features.current_product,
        features.top_category,
        features.distinct_categories,
        features.longest_dwell_ms,
        features.total_scroll_depth,
        features.scroll_velocity,
        features.distinct_queries,
        features.filters,
        features.cart_removes,
        features.cart_items,
        features.seconds_since_cart_change,
        features.has_open_cart,
        features.is_cart_abandoned,
        features.size_guide_opens,
        features.size_guide_hovers,
        features.reviews_read,
        features.current_page_kind,
        features.current_page_type,
        features.product_page_seconds,
        features.min_price_viewed,
        features.max_price_viewed,
        features.total_price_viewed,
        features.prices_viewed,
        features.mean_price_viewed,
        features.price_band,
        features.deal_signals,
        features.is_deal_seeking,
        features.intent_signals,
        features.recent_intent,
        features.logins,
        features.is_returning,
        features.moment_score,
        sessions.n_page_views <= 1 and sessions.n_cart_adds = 0 as is_bounce,
        sessions.is_bot,
        sessions.is_simulated
    from sessions
    left join features
        on sessions.session_id = features.session_id and sessions.event_date = features.event_date
    {{ customer_joins('sessions') }}

)

select * from final
