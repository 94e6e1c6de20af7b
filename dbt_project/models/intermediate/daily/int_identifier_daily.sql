-- One row per anchor identifier, login in force, day of occurrence and day of arrival.
-- Only sums, extremes and last-seen values, so rows add up.
with events as (

    select
        *,
        event_type in ('page_viewed', 'product_viewed') as is_page_view,
        event_type = 'order_completed' as is_order,
        event_type = 'order_refunded' as is_refund,
        {{ shop_hour('occurred_at') }} between 18 and 23 as is_evening,
        {{ on_shop_weekend('occurred_at') }} as is_weekend,
        case
            when event_type = 'order_completed'
                then cast({{ json_text('properties', 'discount_amount') }} as decimal(18, 4))
        end as discount_amount,
        case
            when event_type = 'order_completed'
                then cast({{ json_text('properties', 'coupon_discount_amount') }} as decimal(18, 4))
        end as coupon_amount
    from {{ ref('int_events') }}
    where anchor_key is not null and not is_bot

),

final as (

    select
        anchor_key,
        login_key,
        login_known_date,
        event_date,
        received_date,
        count(*) as n_events,
        {{ count_if("is_session_start") }} as n_sessions,
        {{ count_if("is_page_view") }} as n_page_views,
        {{ count_if("event_type = 'product_viewed'") }} as n_product_views,
        {{ count_if("event_type = 'searched'") }} as n_searches,
        {{ count_if("event_type = 'filter_applied'") }} as n_filters,
        {{ count_if("event_type = 'cart_added'") }} as n_cart_adds,
        {{ count_if("event_type = 'cart_removed'") }} as n_cart_removes,
        {{ count_if("event_type = 'checkout_started'") }} as n_checkouts_started,
        {{ count_if("event_type = 'size_guide_opened'") }} as n_size_guide_opens,
        {{ count_if("event_type = 'review_read'") }} as n_reviews_read,
        {{ count_if("event_type = 'logged_in'") }} as n_logins,
        {{ count_if("event_type = 'email_sent'") }} as n_emails_sent,
        {{ count_if("event_type = 'email_opened'") }} as n_emails_opened,
        {{ count_if("event_type = 'email_clicked'") }} as n_emails_clicked,
        {{ count_if("event_type = 'campaign_exposed'") }} as n_campaigns,
        {{ count_if("event_type = 'coupon_redeemed'") }} as n_coupons,
        {{ count_if("event_type = 'offer_assigned'") }} as n_offers,
        {{ count_if("event_type = 'exposure_shown'") }} as n_exposures,
        {{ count_if("is_order") }} as n_orders,
        {{ count_if("is_order and channel = 'store'") }} as n_store_orders,
        {{ count_if("is_order and is_weekend") }} as n_weekend_orders,
        {{ count_if("is_order and is_evening") }} as n_evening_orders,
        {{ count_if("is_order and discount_amount > 0") }} as n_discounted_orders,
        {{ count_if("is_order and coupon_amount > 0") }} as n_coupon_orders,
        {{ count_if("is_refund") }} as n_refunds,
        {{ money_if("amount", "is_order") }} as order_amount,
        {{ money_if("discount_amount", "is_order") }} as discount_amount,
        {{ money_if("coupon_amount", "is_order") }} as coupon_amount,
        {{ money_if("amount", "is_refund") }} as refund_amount,
        {{ total_if("dwell_ms", "is_page_view") }} as dwell_ms,
        {{ count_if("is_page_view and dwell_ms is not null") }} as n_dwells,
        {{ money_if("scroll_depth", "is_page_view") }} as scroll_depth,
        {{ count_if("is_page_view and scroll_depth is not null") }} as n_scrolls,
        {{ count_if("is_page_view and device_type = 'mobile'") }} as n_mobile_views,
        {{ count_if("is_page_view and is_evening") }} as n_evening_views,
        {{ count_if("is_page_view and is_weekend") }} as n_weekend_views,
        min(occurred_at) as first_event_at,
        max(occurred_at) as last_event_at,
        min(case when is_order then occurred_at end) as first_order_at,
        max(case when is_order then occurred_at end) as last_order_at,
        max(case when session_id is not null then occurred_at end) as last_visit_at,
        {{ latest("channel", "occurred_at") }} as last_channel,
        {{ latest("device_type", "occurred_at") }} as last_device_type,
        {{ latest("os", "occurred_at") }} as last_os,
        {{ latest("browser", "occurred_at") }} as last_browser,
        {{ latest("region", "occurred_at") }} as last_region,
        {{ latest("country", "occurred_at") }} as last_country,
        {{ latest("case when country is not null then coalesce(region, '') end", "occurred_at") }}
            as last_country_region,
        {{ latest("referrer", "occurred_at") }} as last_referrer,
        {{ latest("campaign", "occurred_at") }} as last_campaign,
        {{ latest("case when is_order then store_id end", "occurred_at") }} as last_store_id,
        {{ latest("case when event_type = 'product_viewed' then category end", "occurred_at") }}
            as last_viewed_category,
        {{ latest("case when event_type = 'product_viewed' then product_id end", "occurred_at") }}
            as last_viewed_product_id
    from events
    group by anchor_key, login_key, login_known_date, event_date, received_date

)

select * from final
