-- One row per identifier, day of occurrence and day of arrival; bots left out.
with events as (

    select * from {{ ref('int_events') }}
    where not is_bot

),

exploded as (

    {{ explode_identifiers('events', ['event_id', 'event_date', 'received_date', 'occurred_at', 'received_at']) }}

),

final as (

    select
        {{ identifier_key('identifier.value') }} as identifier_key,
        identifier.type,
        identifier.value as value_hash,
        event_date,
        received_date,
        min(occurred_at) as first_occurred_at,
        max(occurred_at) as last_occurred_at,
        min(received_at) as first_received_at,
        max(received_at) as last_received_at,
        count(*) as n
    from exploded
    group by identifier.type, identifier.value, event_date, received_date

)

select * from final
