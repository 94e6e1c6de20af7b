-- One row per consent event and identifier on it.
with events as (

    select * from {{ ref('int_events') }}
    where event_type = 'consent_updated' and not is_bot

),

exploded as (

    {{ explode_identifiers(
        'events', ['event_id', 'event_date', 'received_date', 'occurred_at', 'received_at', 'properties']
    ) }}

),

final as (

    select
        event_id,
        {{ identifier_key('identifier.value') }} as identifier_key,
        event_date,
        received_date,
        occurred_at,
        received_at,
        {{ json_text('properties', 'purpose') }} as purpose,
        lower({{ json_text('properties', 'granted') }}) = 'true' as is_granted,
        {{ json_text('properties', 'regime') }} as regime
    from exploded

)

select * from final
