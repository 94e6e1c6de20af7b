-- One row per pair of identifiers seen on the same event, rule, source, day of occurrence and day of arrival.
-- A star from the event's customer record when it names one, else from its strongest identifier.
with events as (

    select * from {{ ref('int_events') }}
    where not is_bot and is_identity_trusted

),

exploded as (

    {{ explode_identifiers(
        'events', ['event_id', 'event_date', 'received_date', 'source', 'occurred_at', 'received_at']
    ) }}

),

starred as (

    select
        *,
        first_value(identifier) over (
            partition by event_id, event_date
            order by
                case
                    when identifier.type in ({{ literals(var('record_identifier_types')) }}) then 0 else 1
                end,
                {{ identifier_strength('identifier.type') }},
                identifier.value
        ) as centre
    from exploded
    where identifier.type not in ({{ literals(var('hint_identifier_types')) }})

),

pairs as (

    select
        {{ identifier_key('centre.value') }} as a_key,
        {{ identifier_key('identifier.value') }} as b_key,
        centre.type as a_type,
        identifier.type as b_type,
        concat('same_event:', centre.type, '-', identifier.type) as rule,
        source,
        event_date,
        received_date,
        occurred_at,
        received_at
    from starred

),

final as (

    select
        a_key,
        b_key,
        a_type,
        b_type,
        rule,
        source,
        event_date,
        received_date,
        min(occurred_at) as first_occurred_at,
        max(occurred_at) as last_occurred_at,
        min(received_at) as first_received_at,
        max(received_at) as last_received_at,
        count(*) as n_observed
    from pairs
    where a_key <> b_key
    group by a_key, b_key, a_type, b_type, rule, source, event_date, received_date

)

select * from final
