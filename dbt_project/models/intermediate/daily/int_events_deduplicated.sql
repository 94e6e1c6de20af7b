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

repeated as (

    -- Few ids come twice: only their copies are put in order.
    select event_id
    from staged
    group by event_id
    having count(*) > 1

),

copies as (

    -- A retry repeats the event id, across midnight too.
    select
        staged.event_id,
        staged.event_date,
        staged.lake_path,
        staged.lake_row,
        {{ is_first_arrival('event_id', 'event_day', 1, 'occurred_at, source, loaded_at, lake_path, lake_row') }}
            as is_first_copy
    from staged
    where staged.event_id in (select repeated.event_id from repeated)

),

first_copies as (

    select
        staged.*,
        {{ strongest_identifier('staged.identifiers', 'staged.is_identity_trusted') }} as anchor
    from staged
    left join copies
        on
            staged.event_id = copies.event_id
            and staged.lake_path = copies.lake_path
            and staged.lake_row = copies.lake_row
            and staged.event_date = copies.event_date
    where coalesce(copies.is_first_copy, true) and {{ in_batch('staged.event_date') }}

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
        first_copies.anchor.type as anchor_type,
        case
            when first_copies.anchor.value is not null then {{ identifier_key('first_copies.anchor.value') }}
        end as anchor_key,
        first_copies.is_bot,
        first_copies.is_identity_trusted
    from first_copies

)

select * from final
