{# The weather of each place and day, as known at every cut-off; the last 366 days suffice. #}
{% macro feature_weather_days() -%}
    select
        cutoffs.as_of,
        observed.place,
        observed.event_date,
        max(observed.last_temperature_max).seen as temperature_max,
        max(observed.last_temperature_min).seen as temperature_min,
        max(observed.last_precipitation_mm).seen as precipitation_mm,
        max(observed.last_condition).seen as condition
    from {{ ref('int_weather_daily') }} as observed
    inner join cutoffs
        on
            cast(observed.event_date as timestamp) < cutoffs.as_of
            and cast(observed.received_date as timestamp) < cutoffs.as_of
            and {{ days_between('observed.event_date', 'cutoffs.as_of') }} <= 366
    group by cutoffs.as_of, observed.place, observed.event_date
{%- endmacro %}


{# One row per cut-off and customer: the weather of the last observed day where the person was last seen, at most a week old. #}
{% macro feature_weather() -%}
    with latest_days as (

        select * from (
            select
                *,
                row_number() over (partition by as_of, place order by event_date desc) as place_number
            from weather_days
        ) as ordered
        where place_number = 1 and {{ days_between('event_date', 'as_of') }} <= 7

    )

    select
        whereabouts.as_of,
        whereabouts.customer_id,
        {%- for name in ['temperature_max', 'temperature_min', 'precipitation_mm', 'condition'] %}
        coalesce(at_postal_code.{{ name }}, in_region.{{ name }}, in_country.{{ name }}) as {{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    from whereabouts
    left join latest_days as at_postal_code
        on
            whereabouts.as_of = at_postal_code.as_of
            and at_postal_code.place
            = {{ place_named('postal_code', 'whereabouts.last_postal_code.seen', 'whereabouts.last_country.seen') }}
    left join latest_days as in_region
        on
            whereabouts.as_of = in_region.as_of
            and in_region.place
            = {{ place_named('region', 'whereabouts.last_region.seen', 'whereabouts.last_country.seen') }}
    left join latest_days as in_country
        on
            whereabouts.as_of = in_country.as_of
            and in_country.place = {{ place_named('country', 'whereabouts.last_country.seen') }}
{%- endmacro %}


{# One row per cut-off and customer: orders of the last 365 days placed where that day's weather is known, and in rain. #}
{% macro feature_rainy_orders() -%}
    with placed as (

        select
            occasions.as_of,
            occasions.customer_id,
            occasions.n_orders,
            coalesce(
                at_store.precipitation_mm, at_postal_code.precipitation_mm, in_region.precipitation_mm,
                in_country.precipitation_mm
            ) as precipitation_mm
        from occasions
        {%- for alias, place in [
            ('at_store', place_named('store', 'occasions.store_id')),
            ('at_postal_code', place_named('postal_code', 'occasions.postal_code', 'occasions.country')),
            ('in_region', place_named('region', 'occasions.region', 'occasions.country')),
            ('in_country', place_named('country', 'occasions.country')),
        ] %}
        left join weather_days as {{ alias }}
            on
                occasions.as_of = {{ alias }}.as_of
                and occasions.event_date = {{ alias }}.event_date
                and {{ alias }}.place = {{ place }}
        {%- endfor %}
        where occasions.n_orders > 0 and occasions.days_ago <= 365

    )

    select
        as_of,
        customer_id,
        {{ total_if('n_orders', 'precipitation_mm is not null') }} as weathered_orders_365d,
        {{ total_if('n_orders', 'precipitation_mm >= 1') }} as rainy_orders_365d
    from placed
    group by as_of, customer_id
{%- endmacro %}
