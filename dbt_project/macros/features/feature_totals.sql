{#
  One row per cut-off and customer: sums over the daily rows by window. Windows are days before the cut-off. Most of them
  are short and are summed by `feature_recent_totals` (CTE `recent_totals`), over the rows of few days.
#}
{% macro feature_totals() -%}
    select
        lasting.*,
        {% for name, measure, days in feature_windows() + money_windows() if days <= recent_days() -%}
        coalesce(recent_totals.{{ name }}, 0) as {{ name }},
        {% endfor -%}
        coalesce(recent_totals.sessions_previous_30d, 0) as sessions_previous_30d,
        coalesce(recent_totals.product_views_previous_30d, 0) as product_views_previous_30d
    from (
        select
            as_of,
            customer_id,
            {% for name, measure, days in feature_windows() if days > recent_days() -%}
            {{ total_if(measure, 'days_ago <= ' ~ days) }} as {{ name }},
            {% endfor -%}
            {% for name, measure, days in money_windows() if days > recent_days() -%}
            {{ money_if(measure, 'days_ago <= ' ~ days) }} as {{ name }},
            {% endfor -%}
            {{ total_if('n_orders', 'days_ago between 92 and 182') }} as orders_previous_91d,
            {{ money_if('order_amount', 'days_ago between 92 and 182') }} as spend_previous_91d,
            {{ total_if('n_orders', 'true') }} as orders_lifetime,
            {{ total_if('n_sessions', 'true') }} as sessions_lifetime,
            {{ total_if('n_page_views', 'true') }} as page_views_lifetime,
            {{ total_if('n_product_views', 'true') }} as product_views_lifetime,
            {{ total_if('n_cart_adds', 'true') }} as cart_adds_lifetime,
            {{ money_if('order_amount', 'true') }} as spend_lifetime,
            {{ total_if('n_refunds', 'true') }} as refunds_lifetime,
            {{ total_if('n_store_orders', 'true') }} as store_orders,
            {{ total_if('n_weekend_orders', 'true') }} as weekend_orders,
            {{ total_if('n_evening_orders', 'true') }} as evening_orders,
            min(first_event_at) as first_seen_at,
            max(last_event_at) as last_seen_at,
            min(first_order_at) as first_order_at,
            max(last_order_at) as last_order_at,
            max(last_visit_at) as last_visit_at,
            max(last_channel) as last_channel,
            max(last_device_type) as last_device_type,
            max(last_os) as last_os,
            max(last_browser) as last_browser,
            max(last_region) as last_region,
            max(last_country) as last_country,
            max(last_country_region) as last_country_region,
            max(last_referrer) as last_referrer,
            max(last_campaign) as last_campaign,
            max(last_store_id) as last_store_id,
            max(last_viewed_category) as last_viewed_category,
            max(last_viewed_product_id) as last_viewed_product_id
        from {{ visible_rows(ref('int_identifier_daily')) }} as visible
        group by as_of, customer_id
    ) as lasting
    left join recent_totals on lasting.as_of = recent_totals.as_of and lasting.customer_id = recent_totals.customer_id
{%- endmacro %}


{# The sums over short windows, for customers who have a row of these days. #}
{% macro feature_recent_totals() -%}
    select
        as_of,
        customer_id,
        {% for name, measure, days in feature_windows() if days <= recent_days() -%}
        {{ total_if(measure, 'days_ago <= ' ~ days) }} as {{ name }},
        {% endfor -%}
        {% for name, measure, days in money_windows() if days <= recent_days() -%}
        {{ money_if(measure, 'days_ago <= ' ~ days) }} as {{ name }},
        {% endfor -%}
        {{ total_if('n_sessions', 'days_ago between 31 and 60') }} as sessions_previous_30d,
        {{ total_if('n_product_views', 'days_ago between 31 and 60') }} as product_views_previous_30d
    from {{ visible_rows(ref('int_identifier_daily')) }} as visible
    where days_ago <= {{ recent_days() }}
    group by as_of, customer_id
{%- endmacro %}


{# Windows of at most so many days are short. #}
{% macro recent_days() -%}
    {{ return(91) }}
{%- endmacro %}


{# Counted measures: name of the total, daily measure, length of the window in days. #}
{% macro feature_windows() -%}
    {{ return([
        ('orders_30d', 'n_orders', 30), ('orders_91d', 'n_orders', 91), ('orders_365d', 'n_orders', 365),
        ('discounted_orders_365d', 'n_discounted_orders', 365), ('coupon_orders_365d', 'n_coupon_orders', 365),
        ('refunds_365d', 'n_refunds', 365), ('n_coupons_365d', 'n_coupons', 365),
        ('campaigns_91d', 'n_campaigns', 91), ('offers_91d', 'n_offers', 91), ('exposures_30d', 'n_exposures', 30),
        ('sessions_7d', 'n_sessions', 7), ('sessions_30d', 'n_sessions', 30), ('sessions_91d', 'n_sessions', 91),
        ('page_views_30d', 'n_page_views', 30), ('page_views_91d', 'n_page_views', 91),
        ('product_views_7d', 'n_product_views', 7), ('product_views_30d', 'n_product_views', 30),
        ('product_views_91d', 'n_product_views', 91), ('searches_30d', 'n_searches', 30),
        ('filters_30d', 'n_filters', 30), ('cart_adds_30d', 'n_cart_adds', 30), ('cart_adds_91d', 'n_cart_adds', 91),
        ('cart_removes_30d', 'n_cart_removes', 30), ('checkouts_started_30d', 'n_checkouts_started', 30),
        ('size_guide_opens_30d', 'n_size_guide_opens', 30), ('reviews_read_30d', 'n_reviews_read', 30),
        ('logins_30d', 'n_logins', 30), ('emails_sent_91d', 'n_emails_sent', 91),
        ('email_opens_30d', 'n_emails_opened', 30), ('email_opens_91d', 'n_emails_opened', 91),
        ('email_clicks_30d', 'n_emails_clicked', 30), ('email_clicks_91d', 'n_emails_clicked', 91),
        ('dwell_ms_30d', 'dwell_ms', 30), ('dwells_30d', 'n_dwells', 30), ('scrolls_30d', 'n_scrolls', 30),
        ('mobile_views_91d', 'n_mobile_views', 91), ('evening_views_91d', 'n_evening_views', 91),
        ('weekend_views_91d', 'n_weekend_views', 91),
        ('orders_1d', 'n_orders', 1), ('orders_7d', 'n_orders', 7), ('orders_90d', 'n_orders', 90),
        ('sessions_1d', 'n_sessions', 1), ('sessions_90d', 'n_sessions', 90), ('sessions_365d', 'n_sessions', 365),
        ('page_views_1d', 'n_page_views', 1), ('page_views_7d', 'n_page_views', 7),
        ('page_views_90d', 'n_page_views', 90), ('page_views_365d', 'n_page_views', 365),
        ('product_views_1d', 'n_product_views', 1), ('product_views_90d', 'n_product_views', 90),
        ('product_views_365d', 'n_product_views', 365), ('cart_adds_1d', 'n_cart_adds', 1),
        ('cart_adds_7d', 'n_cart_adds', 7), ('cart_adds_90d', 'n_cart_adds', 90),
        ('cart_adds_365d', 'n_cart_adds', 365), ('searches_90d', 'n_searches', 90),
        ('email_opens_365d', 'n_emails_opened', 365), ('refunds_90d', 'n_refunds', 90),
        ('campaigns_365d', 'n_campaigns', 365),
    ]) }}
{%- endmacro %}


{# Measures that are money or shares, kept exact as decimals. #}
{% macro money_windows() -%}
    {{ return([
        ('spend_1d', 'order_amount', 1), ('spend_7d', 'order_amount', 7), ('spend_90d', 'order_amount', 90),
        ('spend_30d', 'order_amount', 30), ('spend_91d', 'order_amount', 91), ('spend_365d', 'order_amount', 365),
        ('discount_365d', 'discount_amount', 365), ('coupon_amount_365d', 'coupon_amount', 365),
        ('refund_amount_365d', 'refund_amount', 365), ('scroll_depth_30d', 'scroll_depth', 30),
    ]) }}
{%- endmacro %}
