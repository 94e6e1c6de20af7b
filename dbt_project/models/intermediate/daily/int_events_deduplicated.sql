-- One row per event: the copy that arrived first, by its place in the lake, folded into its strongest identifier.
with staged as (

    select
        event_id,
        event_type,
        occurred_at,
        received_at,
        event_date,
        received_date,
        source,
        session_id,
        loaded_at,
        lake_path,
        lake_row,
        -- The cheap test first: orders carry kilobytes of lines that need no parsing here.
        coalesce(properties like '%"is_bot"%' and {{ json_text('properties', 'is_bot') }} = 'true', false) as is_bot,
        {{ is_identity_trusted() }} as is_identity_trusted,
        identifiers,
        {{ day_number('event_date') }} as event_day
    from {{ ref('stg_events').render() }}
    where {{ in_batch_and_neighbours() }}

),

copies as (

    -- A retry repeats the event id, across midnight too.
    select
        event_id,
        event_date,
        lake_path,
        lake_row,
        {{ is_first_arrival('event_id', 'event_day', 1, 'occurred_at, source, loaded_at, lake_path, lake_row') }}
            as is_first_copy
    from staged

),

first_copies as (

    select staged.*
    from staged
    inner join copies
        on
            staged.lake_path = copies.lake_path
            and staged.lake_row = copies.lake_row
            and staged.event_date = copies.event_date
    where copies.is_first_copy and {{ in_batch('staged.event_date') }}

),

identified as (

    {{ explode_identifiers('first_copies', ['event_id', 'is_identity_trusted']) }}

),

anchors as (

    select
        event_id,
        identifier.type as anchor_type,
        {{ identifier_key('identifier.value') }} as anchor_key,
        row_number() over (
            partition by event_id
            order by
                -- Or else anybody could act on the profile of an address they typed in.
                case
                    when not is_identity_trusted and identifier.type in ({{ literals(var('weak_identifier_types')) }})
                        then 0
                    else 1
                end,
                {{ identifier_strength('identifier.type') }},
                identifier.value
        ) as place
    from identified
    where identifier.type not in ({{ literals(var('hint_identifier_types')) }})

),

final as (

    select
        first_copies.event_id,
        first_copies.event_type,
        first_copies.occurred_at,
        first_copies.received_at,
        first_copies.event_date,
        first_copies.received_date,
        first_copies.session_id,
        first_copies.lake_path,
        first_copies.lake_row,
        anchors.anchor_type,
        anchors.anchor_key,
        first_copies.is_bot,
        first_copies.is_identity_trusted
    from first_copies
    left join anchors
        on
            first_copies.event_id = anchors.event_id
            and anchors.place = 1

)

select * from final
