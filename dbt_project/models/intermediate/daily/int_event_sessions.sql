-- One row per event: its session, and the login in force on a browser that several people may use.
with events as (

    select
        *,
        {{ day_number('event_date') }} as event_day,
        {{ epoch_seconds('occurred_at') }} as occurred_second
    from {{ ref('int_events_deduplicated').render() }}
    where {{ in_batch_and_neighbours() }}

),

given_sessions as (

    select
        event_id,
        event_date,
        session_id,
        {{ is_first_arrival('session_id', 'event_day', 1, 'occurred_at, event_id') }} as is_session_start
    from events
    where session_id is not null

),

gaps as (

    select
        event_id,
        event_date,
        anchor_key,
        occurred_second,
        {{ is_first_arrival('anchor_key', 'occurred_second', var('session_gap_seconds'), 'event_id') }}
            as is_session_start
    from events
    where
        session_id is null
        and anchor_key is not null
        and event_type in ({{ literals(browsing_event_types()) }})

),

gap_starts as (

    -- 23 hours: starts within that reach are certain from the neighbour days alone.
    select
        *,
        coalesce(
            max(case when is_session_start then occurred_second end) over (
                partition by anchor_key order by occurred_second
                range between 82800 preceding and current row
            ),
            min(case when is_session_start then occurred_second end) over (
                partition by anchor_key order by occurred_second
                range between 1 following and 82800 following
            ),
            occurred_second
        ) as started_second
    from gaps

),

sessions as (

    select
        event_id,
        event_date,
        session_id,
        is_session_start
    from given_sessions
    union all
    select
        event_id,
        event_date,
        concat('gap-', cast(anchor_key as varchar), '-', cast(started_second as varchar)) as session_id,
        is_session_start
    from gap_starts

),

session_days as (

    select distinct
        session_id,
        event_day
    from events
    where session_id is not null and anchor_type in ({{ literals(var('weak_identifier_types')) }})

),

session_logins as (

    -- The login that arrived first counts for the whole session, from its arrival on.
    select
        session_days.session_id,
        session_days.event_day,
        events.anchor_key as login_key,
        events.received_date as login_known_date,
        row_number() over (
            partition by session_days.session_id, session_days.event_day
            order by events.received_at, events.anchor_key
        ) as place
    from session_days
    inner join events
        on
            session_days.session_id = events.session_id
            and events.event_day between session_days.event_day - 1 and session_days.event_day + 1
    where events.anchor_type = 'login' and events.is_identity_trusted

),

final as (

    select
        events.event_id,
        events.event_date,
        events.lake_path,
        events.lake_row,
        sessions.session_id,
        events.anchor_type,
        events.anchor_key,
        session_logins.login_key,
        session_logins.login_known_date,
        coalesce(sessions.is_session_start, false) as is_session_start,
        events.is_bot,
        events.is_identity_trusted
    from events
    left join sessions
        on events.event_id = sessions.event_id and events.event_date = sessions.event_date
    left join session_logins
        on
            events.session_id = session_logins.session_id
            and events.event_day = session_logins.event_day
            and session_logins.place = 1
            and events.anchor_type in ({{ literals(var('weak_identifier_types')) }})
    where {{ in_batch('events.event_date') }}

)

select * from final
