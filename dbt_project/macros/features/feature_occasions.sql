{# Visits' openings and orders with their circumstances, by customer. #}
{% macro feature_occasions() -%}
    select
        as_of,
        customer_id,
        event_date,
        days_ago,
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
        store_id,
        shop_hour,
        shop_weekday,
        n_visits,
        n_orders,
        last_at
    from {{ visible_rows(ref('int_identifier_occasion_daily')) }} as visible
{%- endmacro %}


{# Circumstances that a person can have a habit of, and the windows of visits and orders that it is told from. #}
{% macro habit_columns() -%}
    {{ return([
        'channel', 'device_type', 'os', 'browser', 'referring_site', 'page_type', 'region', 'store_id', 'shop_hour',
        'shop_weekday',
    ]) }}
{%- endmacro %}


{# One row per cut-off, customer and value of one circumstance; `in_<name>` tells which one. #}
{% macro feature_habit_counts() -%}
    select
        as_of,
        customer_id,
        {%- for name in habit_columns() %}
        {{ name }},
        grouping({{ name }}) = 0 as in_{{ name }},
        {%- endfor %}
        {{ total_if('n_visits', 'days_ago <= 91') }} as n_visits,
        {{ total_if('n_orders', 'true') }} as n_orders,
        max(last_at) as last_at
    from occasions
    where days_ago <= 365
    group by grouping sets (
        {%- for name in habit_columns() %}
        (as_of, customer_id, {{ name }}){{ "," if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}


{# One row per cut-off and customer: what is most frequent, the latest of equals. #}
{% macro feature_habits() -%}
    {%- set asked = [
        ('usual_channel', 'channel', 'n_visits'), ('usual_device_type', 'device_type', 'n_visits'),
        ('usual_os', 'os', 'n_visits'), ('usual_browser', 'browser', 'n_visits'),
        ('usual_referring_site', 'referring_site', 'n_visits'), ('usual_landing_page_type', 'page_type', 'n_visits'),
        ('usual_region', 'region', 'n_visits'), ('usual_visit_hour', 'shop_hour', 'n_visits'),
        ('usual_visit_weekday', 'shop_weekday', 'n_visits'), ('usual_store_id', 'store_id', 'n_orders'),
        ('usual_order_channel', 'channel', 'n_orders'), ('usual_order_hour', 'shop_hour', 'n_orders'),
        ('usual_order_weekday', 'shop_weekday', 'n_orders'),
    ] -%}
    select
        as_of,
        customer_id,
        {% for name, column, count in asked -%}
        {{ most_frequent(column, count, 'last_at', 'in_' ~ column) }} as {{ name }},
        {% endfor -%}
        {{ count_if('in_channel and channel is not null and n_orders > 0') }} as order_channels_365d,
        {{ total_if('n_orders', "in_channel and channel = 'web'") }} as web_orders_365d,
        {{ total_if('n_orders', "in_channel and channel = 'app'") }} as app_orders_365d,
        {{ total_if('n_orders', "in_channel and channel = 'store'") }} as store_orders_365d,
        {{ total_if('n_orders', 'in_channel and channel is not null') }} as placed_orders_365d,
        {{ total_if('n_orders', 'in_channel') }} as orders_365d,
        {{ total_if('n_visits', 'in_shop_hour') }} as visits_91d,
        {{ total_if('n_visits', 'in_shop_hour and shop_hour < 6') }} as night_visits_91d,
        {{ total_if('n_visits', 'in_shop_hour and shop_hour between 6 and 11') }} as morning_visits_91d,
        {{ total_if('n_visits', 'in_shop_hour and shop_hour between 12 and 17') }} as afternoon_visits_91d
    from habit_counts
    group by as_of, customer_id
{%- endmacro %}


{# The value with the largest count, the latest of equals; `.seen` of it. #}
{% macro most_frequent(value, n, at, condition) -%}
    {{ return(adapter.dispatch('most_frequent', 'concierge')(value, n, at, condition)) }}
{%- endmacro %}

{% macro default__most_frequent(value, n, at, condition) -%}
    max(
        case
            when {{ condition }} and {{ value }} is not null and {{ n }} > 0
                then struct_pack(n := {{ n }}, seen_at := {{ at }}, seen := {{ value }})
        end
    )
{%- endmacro %}


{# One row per cut-off and customer: where and how the latest visit was opened or order placed that says so. #}
{% macro feature_whereabouts() -%}
    select
        as_of,
        customer_id,
        {%- for name in ['country', 'region', 'postal_code', 'time_zone', 'locale', 'page_type', 'referring_site'] %}
        {{ latest(name, 'last_at') }} as last_{{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    from occasions
    group by as_of, customer_id
{%- endmacro %}
