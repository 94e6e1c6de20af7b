-- One row per pair of identifiers seen on the same event, rule, source and day.
-- A star from the event's strongest identifier.
with events as (

    select * from {{ ref('int_events') }}
    where not is_bot and source not in ({{ literals(var('untrusted_sources')) }})

),

exploded as (

    {{ explode_identifiers(
        'events', ['event_id', 'event_date', 'source', 'received_at', 'anchor_key', 'anchor_type']
    ) }}

),

pairs as (

    select
        anchor_key as a_key,
        {{ identifier_key('identifier.value') }} as b_key,
        concat('same_event:', anchor_type, '-', identifier.type) as rule,
        source,
        event_date,
        received_at
    from exploded

),

final as (

    select
        a_key,
        b_key,
        rule,
        source,
        event_date,
        min(received_at) as first_received_at,
        max(received_at) as last_received_at,
        count(*) as n_observed
    from pairs
    where a_key <> b_key
    group by a_key, b_key, rule, source, event_date

)

select * from final
