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


{#
  One row per cut-off, customer, circumstance and value of it, as text. One circumstance after the other and not by
  grouping sets: those make a row of everybody for what a shop never says.
#}
{% macro feature_habit_counts() -%}
    {%- for name in habit_columns() %}
    select
        as_of,
        customer_id,
        '{{ name }}' as circumstance,
        cast({{ name }} as varchar) as value,
        {{ total_if('n_visits', 'days_ago <= 91') }} as n_visits,
        {{ total_if('n_orders', 'true') }} as n_orders,
        max(last_at) as last_at
    from occasions
    where days_ago <= 365 and {{ name }} is not null
    group by as_of, customer_id, {{ name }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{# One row per cut-off, customer and circumstance: what is most frequent, the latest of equals. #}
{% macro feature_habit_favourites() -%}
    select
        as_of,
        customer_id,
        circumstance,
        {{ most_frequent('value', 'n_visits', 'last_at') }} as of_visits,
        {{ most_frequent('value', 'n_orders', 'last_at') }} as of_orders
    from habit_counts
    group by as_of, customer_id, circumstance
{%- endmacro %}


{# One row per cut-off and customer: usual circumstances. #}
{% macro feature_habits() -%}
    {%- set asked = [
        ('usual_channel', 'channel', 'visits'), ('usual_device_type', 'device_type', 'visits'),
        ('usual_os', 'os', 'visits'), ('usual_browser', 'browser', 'visits'),
        ('usual_referring_site', 'referring_site', 'visits'), ('usual_landing_page_type', 'page_type', 'visits'),
        ('usual_region', 'region', 'visits'), ('usual_visit_hour', 'shop_hour', 'visits'),
        ('usual_visit_weekday', 'shop_weekday', 'visits'), ('usual_store_id', 'store_id', 'orders'),
        ('usual_order_channel', 'channel', 'orders'), ('usual_order_hour', 'shop_hour', 'orders'),
        ('usual_order_weekday', 'shop_weekday', 'orders'),
    ] -%}
    select
        as_of,
        customer_id
        {%- for name, column, kind in asked %},
        max(case when circumstance = '{{ column }}' then of_{{ kind }}.seen end) as {{ name }}
        {%- endfor %}
    from habit_favourites
    group by as_of, customer_id
{%- endmacro %}


{# One row per cut-off and customer: when visits are opened, in the last 91 days, and where orders are placed, in 365. #}
{% macro feature_occasion_shares() -%}
    select
        as_of,
        customer_id,
        {{ total_if('n_visits', 'days_ago <= 91') }} as visits_91d,
        {{ total_if('n_visits', 'days_ago <= 91 and shop_hour < 6') }} as night_visits_91d,
        {{ total_if('n_visits', 'days_ago <= 91 and shop_hour between 6 and 11') }} as morning_visits_91d,
        {{ total_if('n_visits', 'days_ago <= 91 and shop_hour between 12 and 17') }} as afternoon_visits_91d,
        {{ total_if('n_orders', "channel = 'web'") }} as web_orders_365d,
        {{ total_if('n_orders', "channel = 'app'") }} as app_orders_365d,
        {{ total_if('n_orders', "channel = 'store'") }} as store_orders_365d,
        {{ total_if('n_orders', 'true') }} as orders_365d,
        count(distinct case when n_orders > 0 then channel end) as order_channels_365d
    from occasions
    where days_ago <= 365
    group by as_of, customer_id
{%- endmacro %}


{# The value with the largest count, the latest of equals; `.seen` of it. #}
{% macro most_frequent(value, n, at) -%}
    {{ return(adapter.dispatch('most_frequent', 'concierge')(value, n, at)) }}
{%- endmacro %}

{% macro default__most_frequent(value, n, at) -%}
    max(case when {{ n }} > 0 then struct_pack(n := {{ n }}, seen_at := {{ at }}, seen := {{ value }}) end)
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
