-- One row per event with everything known about it: the lake's columns, anchor identifier, session and login in force.
-- A table: a dozen models read it. Written once: what it is told from stands in `stg_events`, which has few columns.
with places as (

    -- Numbers for places in the lake: a path is long, and is compared with every join and sort.
    select
        lake_path,
        row_number() over (order by lake_path) * {{ var('places_a_file') }} as first_place
    from (
        select distinct lake_path
        from {{ ref('stg_events').render() }}
        where {{ in_batch_and_neighbours(days=2) }}
    ) as paths

),

staged as (

    select
        staged.*,
        places.first_place + staged.lake_row as place,
        {{ text_hash('staged.event_id') }} as event_hash,
        {{ day_number('staged.event_date') }} as event_day
    from {{ ref('stg_events').render() }} as staged
    inner join places on staged.lake_path = places.lake_path
    where {{ in_batch_and_neighbours('staged.event_date', days=2) }}

),

repeated as (

    -- Few ids come twice: only their copies are put in order. Two ids with one hash are no harm here.
    select event_hash
    from staged
    group by event_hash
    having count(*) > 1

),

copies as (

    -- A retry repeats the event id, across midnight too.
    select
        place,
        {{ is_first_arrival('event_id', 'event_day', 1, 'occurred_at, source, loaded_at, lake_path, lake_row') }}
            as is_first_copy
    from staged
    where event_hash in (select repeated.event_hash from repeated)

),

events as (

    select
        event_id,
        event_type,
        occurred_at,
        received_at,
        event_date,
        received_date,
        event_day,
        session_id,
        place,
        anchor_type,
        anchor_key,
        is_bot,
        is_identity_trusted,
        {{ epoch_seconds('occurred_at') }} as occurred_second
    from staged
    where
        {{ in_batch_and_neighbours() }}
        and place not in (
            select copies.place
            from copies
            where not copies.is_first_copy
        )

),

sessions as (

    {{ event_sessions() }}

),

lake as (

    {{ read_lake() }}

),

final as (

    select
        {{ event_column_list('lake', replaced={'session_id': 'sessions.session_id'}) }},
        sessions.received_date,
        sessions.anchor_type,
        sessions.anchor_key,
        sessions.login_key,
        sessions.login_known_date,
        sessions.is_session_start,
        sessions.is_bot,
        sessions.is_identity_trusted
    from lake
    inner join places on lake.lake_path = places.lake_path
    inner join sessions on places.first_place + lake.lake_row = sessions.place

)

select * from final
