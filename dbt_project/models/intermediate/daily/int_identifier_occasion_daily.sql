-- One row per anchor identifier, login in force, day of occurrence and of arrival, and circumstances of a visit's
-- opening or an order: where, on what and at which hour of the shop's wall clock.
with events as (

    select
        *,
        event_type = 'order_completed' as is_order,
        {{ shop_hour('occurred_at') }} as shop_hour,
        {{ shop_weekday('occurred_at') }} as shop_weekday,
        {{ referring_site('referrer') }} as referring_site
    from {{ ref('int_events') }}
    where anchor_key is not null and not is_bot and (is_session_start or event_type = 'order_completed')

),

final as (

    select
        anchor_key,
        login_key,
        login_known_date,
        event_date,
        received_date,
        channel,
        device_type,
        os,
        browser,
        referring_site,
        page_type,
        country,
        region,
        postal_code,
        time_zone,
        locale,
        case when is_order then store_id end as store_id,
        shop_hour,
        shop_weekday,
        {{ count_if('is_session_start') }} as n_visits,
        {{ count_if('is_order') }} as n_orders,
        max(occurred_at) as last_at
    from events
    group by
        anchor_key,
        login_key,
        login_known_date,
        event_date,
        received_date,
        channel,
        device_type,
        os,
        browser,
        referring_site,
        page_type,
        country,
        region,
        postal_code,
        time_zone,
        locale,
        case when is_order then store_id end,
        shop_hour,
        shop_weekday

)

select * from final
