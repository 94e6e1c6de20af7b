-- One row per event: repeated copies dropped, folded into its strongest identifier.
with staged as (

    select
        *,
        {{ day_number('event_date') }} as event_day
    from {{ ref('stg_events').render() }}
    where {{ in_batch_and_neighbours() }}

),

copies as (

    -- A retry repeats the event id; the copy that arrived first is kept, across midnight too.
    select
        *,
        {{ is_first_arrival('event_id', 'event_day', 1, 'occurred_at, source, loaded_at') }} as is_first_copy
    from staged

),

first_copies as (

    select * from copies
    where is_first_copy and {{ in_batch() }}

),

identified as (

    {{ explode_identifiers('first_copies', ['event_id']) }}

),

anchors as (

    select
        event_id,
        identifier.type as anchor_type,
        {{ identifier_key('identifier.value') }} as anchor_key,
        row_number() over (
            partition by event_id
            order by {{ identifier_strength('identifier.type') }}, identifier.value
        ) as place
    from identified

),

final as (

    select
        {{ event_column_list('first_copies') }},
        anchors.anchor_type,
        anchors.anchor_key,
        coalesce({{ json_text('first_copies.properties', 'is_bot') }} = 'true', false) as is_bot
    from first_copies
    left join anchors
        on
            first_copies.event_id = anchors.event_id
            and anchors.place = 1

)

select * from final
