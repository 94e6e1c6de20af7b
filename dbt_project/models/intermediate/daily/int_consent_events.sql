-- One row per consent event and identifier on it.
with events as (

    select * from {{ ref('int_events') }}
    where event_type = 'consent_updated' and not is_bot

),

exploded as (

    {{ explode_identifiers(
        'events',
        [
            'event_id', 'event_date', 'received_date', 'occurred_at', 'received_at', 'source', 'properties',
            'is_identity_trusted'
        ]
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
        source,
        {{ json_text('properties', 'purpose') }} as purpose,
        lower({{ json_text('properties', 'granted') }}) = 'true' as is_granted,
        {{ json_text('properties', 'regime') }} as regime
    from exploded
    -- Anybody may refuse in another's name, nobody may agree: an unproved yes counts for the browser it came from.
    where
        identifier.type not in ({{ literals(var('hint_identifier_types')) }})
        and (
            is_identity_trusted
            or lower({{ json_text('properties', 'granted') }}) <> 'true'
            or identifier.type in ({{ literals(var('weak_identifier_types')) }})
        )

)

select * from final
