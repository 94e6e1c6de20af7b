{# Orders, money, rhythm and categories. Null means undefined (no order yet), never zero. #}
{% macro order_feature_columns() -%}
    {%- set names = [
        'orders_lifetime', 'orders_30d', 'orders_91d', 'orders_365d', 'orders_previous_91d',
        'spend_lifetime', 'spend_30d', 'spend_91d', 'spend_365d', 'spend_previous_91d',
    ] -%}
    {%- for name in names %}
    totals.{{ name }},
    {%- endfor %}
    {{ days_between('totals.last_order_at', 'totals.as_of') }} as recency_days,
    {{ days_between('totals.first_seen_at', 'totals.as_of') }} as tenure_days,
    {{ days_between('totals.first_order_at', 'totals.as_of') }} as days_since_first_order,
    {{ ratio('rhythm.gap_days', 'rhythm.n_gaps') }} as mean_order_gap_days,
    case
        when rhythm.n_gaps >= 2 then cast(round(sqrt(
            cast(rhythm.n_gaps * rhythm.squared_gap_days - rhythm.gap_days * rhythm.gap_days as double)
            / cast(rhythm.n_gaps * (rhythm.n_gaps - 1) as double)
        ), 6) as decimal(18, 6))
    end as order_gap_deviation_days,
    rhythm.longest_gap_days,
    {{ ratio(days_between('totals.last_order_at', 'totals.as_of') ~ ' * rhythm.n_gaps', 'rhythm.gap_days') }}
        as recency_gap_ratio,
    coalesce(activity.order_days_365d, 0) as order_days_365d,
    cast({{ ratio('totals.spend_lifetime', 'totals.orders_lifetime') }} as decimal(18, 4)) as average_order_amount,
    {{ ratio('bargains.lines_365d', 'totals.orders_365d') }} as lines_per_order_365d,
    {{ ratio('totals.discount_365d', 'totals.spend_365d + totals.discount_365d') }} as discount_share,
    {{ ratio('totals.discounted_orders_365d', 'totals.orders_365d') }} as discounted_order_share,
    {{ ratio('totals.coupon_orders_365d', 'totals.orders_365d') }} as coupon_order_share,
    totals.coupon_amount_365d,
    totals.n_coupons_365d,
    totals.refunds_365d,
    {{ ratio('totals.refund_amount_365d', 'totals.spend_365d') }} as refund_share,
    {{ ratio('totals.store_orders', 'totals.orders_lifetime') }} as store_order_share,
    {{ ratio('totals.weekend_orders', 'totals.orders_lifetime') }} as weekend_order_share,
    {{ ratio('totals.evening_orders', 'totals.orders_lifetime') }} as evening_order_share,
    {{ ratio('totals.spend_91d - totals.spend_previous_91d', 'totals.spend_91d + totals.spend_previous_91d') }}
        as spend_trend,
    coalesce(categories.categories_365d, 0) as categories_365d,
    categories.category_entropy,
    categories.top_category_share
{%- endmacro %}


{# Visits, carts, e-mail and campaigns. #}
{% macro browsing_feature_columns() -%}
    {%- set names = [
        'sessions_7d', 'sessions_30d', 'sessions_91d', 'page_views_30d', 'product_views_7d', 'product_views_30d',
        'product_views_91d', 'searches_30d', 'filters_30d', 'cart_adds_30d', 'cart_removes_30d',
        'checkouts_started_30d', 'size_guide_opens_30d', 'reviews_read_30d', 'logins_30d', 'dwell_ms_30d',
        'email_opens_30d', 'email_clicks_30d', 'emails_sent_91d', 'campaigns_91d', 'offers_91d', 'exposures_30d',
    ] -%}
    {%- for name in names %}
    totals.{{ name }},
    {%- endfor %}
    coalesce(activity.active_days_30d, 0) as active_days_30d,
    coalesce(activity.active_days_91d, 0) as active_days_91d,
    coalesce(activity.cart_abandons_30d, 0) as cart_abandons_30d,
    {{ ratio('activity.cart_abandons_91d', 'activity.cart_days_91d') }} as cart_abandon_rate,
    {{ ratio('totals.page_views_30d', 'totals.sessions_30d') }} as pages_per_session_30d,
    cast(round(totals.dwell_ms_30d / nullif(totals.dwells_30d, 0)) as bigint) as mean_dwell_ms_30d,
    {{ ratio('totals.scroll_depth_30d', 'totals.scrolls_30d') }} as mean_scroll_depth_30d,
    {{ ratio('totals.scroll_depth_30d * 1000', 'totals.dwell_ms_30d') }} as scroll_velocity_30d,
    {{ ratio('totals.searches_30d', 'totals.sessions_30d') }} as searches_per_session_30d,
    {{ ratio('totals.cart_adds_30d', 'totals.product_views_30d') }} as cart_add_rate_30d,
    {{ ratio('totals.email_opens_91d', 'totals.emails_sent_91d') }} as email_open_rate,
    {{ ratio('totals.email_clicks_91d', 'totals.emails_sent_91d') }} as email_click_rate,
    {{ days_between('totals.last_visit_at', 'totals.as_of') }} as days_since_last_visit,
    {{ ratio('totals.mobile_views_91d', 'totals.page_views_91d') }} as mobile_share,
    {{ ratio('totals.evening_views_91d', 'totals.page_views_91d') }} as evening_view_share,
    {{ ratio('totals.weekend_views_91d', 'totals.page_views_91d') }} as weekend_view_share
{%- endmacro %}


{# Where and how the person was last seen, and what they allow; never inputs of a model. #}
{% macro context_feature_columns() -%}
    categories.top_category.seen as top_category,
    categories.top_viewed_category.seen as top_viewed_category,
    {%- set stamped = [
        'last_channel', 'last_device_type', 'last_os', 'last_browser', 'last_region', 'last_referrer',
        'last_campaign', 'last_store_id',
    ] -%}
    {%- for name in stamped %}
    totals.{{ name }}.seen as {{ name }},
    {%- endfor %}
    case
        when delicate_view.category is null and delicate_products.product_id is null
            then totals.last_viewed_category.seen
    end as last_viewed_category,
    totals.first_seen_at,
    totals.last_seen_at,
    totals.first_order_at,
    totals.last_order_at,
    coalesce(known_identifiers.n_identifiers, 0) as n_identifiers,
    coalesce(known_identifiers.n_browsers, 0) as n_browsers,
    coalesce(known_identifiers.is_known, false) as is_known,
    {{ consent_flag('analytics') }} as consent_analytics,
    {{ consent_flag('personalization') }} as consent_personalization,
    {{ consent_flag('marketing_email') }} as consent_marketing_email,
    {{ consent_flag('profiling_price') }} as consent_profiling_price
{%- endmacro %}
