-- One row per place, day of occurrence and day of arrival: the last weather observed that day; forecasts are left out.
with events as (

    select
        *,
        {{ weather_place('store_id', 'postal_code', 'region', 'country') }} as place
    from {{ ref('int_events') }}
    where
        event_type = 'weather_observed'
        and coalesce(lower({{ json_text('properties', 'is_forecast') }}), 'false') not in ('true', '1', 'yes')

),

final as (

    select
        place,
        event_date,
        received_date,
        {{ latest(json_decimal('properties', 'temperature_max'), 'received_at') }} as last_temperature_max,
        {{ latest(json_decimal('properties', 'temperature_min'), 'received_at') }} as last_temperature_min,
        {{ latest(json_decimal('properties', 'precipitation_mm'), 'received_at') }} as last_precipitation_mm,
        {{ latest(json_text('properties', 'condition'), 'received_at') }} as last_condition
    from events
    where place is not null
    group by place, event_date, received_date

)

select * from final
