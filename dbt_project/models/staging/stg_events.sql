-- One row per accepted event copy of the lake, as visible to this run: what its place, its order, its sessions and its
-- strongest identifier are told from. The other columns are read once, by `int_events`.
-- depends_on: {{ source('ops', 'lake_file') }}
with lake as (

    {{ read_lake() }}

),

visible as (

    select
        lake.event_id,
        lake.event_type,
        lake.occurred_at,
        lake.received_at,
        lake.source,
        lake.session_id,
        lake.loaded_at,
        lake.event_date,
        lake.lake_path,
        lake.lake_row,
        cast(lake.received_at as date) as received_date,
        lake.identifiers,
        -- The cheap test first: orders carry kilobytes of lines that need no parsing here.
        coalesce(
            lake.properties like '%"is_bot"%' and {{ json_text('lake.properties', 'is_bot') }} = 'true', false
        ) as is_bot,
        {{ is_identity_trusted('lake') }} as is_identity_trusted
    from lake
    where lake.received_at < (select max(run_context.as_of) from {{ source('ops', 'run_context') }} as run_context)

),

anchored as (

    select
        visible.*,
        {{ strongest_identifier('visible.identifiers', 'visible.is_identity_trusted') }} as anchor
    from visible

),

final as (

    select
        event_id,
        event_type,
        occurred_at,
        received_at,
        source,
        session_id,
        loaded_at,
        event_date,
        received_date,
        lake_path,
        lake_row,
        anchored.anchor.type as anchor_type,
        case
            when anchored.anchor.value is not null then {{ identifier_key('anchored.anchor.value') }}
        end as anchor_key,
        is_bot,
        is_identity_trusted
    from anchored

)

select * from final
