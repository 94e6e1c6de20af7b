{# One row per cut-off, customer and active day: what needs whole days rather than sums. #}
{% macro feature_days() -%}
    select
        as_of,
        customer_id,
        event_date,
        days_ago,
        sum(n_orders) as n_orders,
        sum(n_cart_adds) as n_cart_adds,
        sum(n_sessions) as n_sessions
    from {{ visible_rows(ref('int_identifier_daily')) }} as visible
    group by as_of, customer_id, event_date, days_ago
{%- endmacro %}


{# One row per cut-off and customer: active days, and days with an addition to the cart but no order. #}
{% macro feature_activity() -%}
    select
        as_of,
        customer_id,
        {{ count_if('days_ago <= 30') }} as active_days_30d,
        {{ count_if('days_ago <= 91') }} as active_days_91d,
        {{ count_if('days_ago <= 30 and n_cart_adds > 0 and n_orders = 0') }} as cart_abandons_30d,
        {{ count_if('days_ago <= 91 and n_cart_adds > 0 and n_orders = 0') }} as cart_abandons_91d,
        {{ count_if('days_ago <= 91 and n_cart_adds > 0') }} as cart_days_91d,
        {{ count_if('days_ago <= 365 and n_orders > 0') }} as order_days_365d,
        {{ count_if('days_ago <= 7') }} as active_days_7d,
        {{ count_if('days_ago <= 365') }} as active_days_365d,
        {{ count_if('days_ago <= 365 and n_sessions > 0') }} as visit_days_365d,
        max(case when days_ago <= 365 and n_sessions > 0 then days_ago end)
        - min(case when days_ago <= 365 and n_sessions > 0 then days_ago end) as visit_span_days_365d
    from days
    group by as_of, customer_id
{%- endmacro %}


{# One row per cut-off and customer with an order: rhythm of the days with orders. Integers only, so exact. #}
{% macro feature_rhythm() -%}
    select
        as_of,
        customer_id,
        count(*) as order_days,
        {{ count_if('gap_days is not null') }} as n_gaps,
        cast(coalesce(sum(gap_days), 0) as bigint) as gap_days,
        cast(coalesce(sum(gap_days * gap_days), 0) as bigint) as squared_gap_days,
        max(gap_days) as longest_gap_days,
        {{ latest('gap_days', 'event_date') }} as last_gap_days
    from (
        select
            as_of,
            customer_id,
            event_date,
            {{ days_between('lag(event_date) over (partition by as_of, customer_id order by event_date)', 'event_date') }}
                as gap_days
        from days
        where n_orders > 0
    ) as order_days
    group by as_of, customer_id
{%- endmacro %}
