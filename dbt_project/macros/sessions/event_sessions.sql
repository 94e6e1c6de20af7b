{#
  One row per event of the window: its session, and the login in force on a browser that several people may use.
  Expects a CTE `events`, each event once, of the window and the days beside it. Sessions come from the source, or from
  gaps for browsing events that carry none; the three kinds of events are told apart so that none is joined back.
#}
{% macro event_sessions() -%}
    {%- set kept = [
        'place', 'event_date', 'received_date', 'anchor_type', 'anchor_key', 'is_bot', 'is_identity_trusted',
    ] -%}
    {%- set kept_columns = kept | join(', ') -%}
    {%- set has_gaps = 'session_id is null and anchor_key is not null and event_type in ('
        ~ literals(browsing_event_types()) ~ ')' -%}
    with given_sessions as (

        select
            {{ kept_columns }},
            session_id,
            event_day,
            {{ is_first_arrival('session_id', 'event_day', 1, 'occurred_at, event_id') }} as is_session_start
        from events
        where session_id is not null

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
            ) as login_number
        from (
            select distinct
                session_id,
                event_day
            from events
            where session_id is not null and anchor_type in ({{ literals(var('weak_identifier_types')) }})
        ) as session_days
        inner join events
            on
                session_days.session_id = events.session_id
                and events.event_day between session_days.event_day - 1 and session_days.event_day + 1
        where events.anchor_type = 'login' and events.is_identity_trusted

    ),

    gaps as (

        select
            {{ kept_columns }},
            occurred_second,
            {{ is_first_arrival('anchor_key', 'occurred_second', var('session_gap_seconds'), 'event_id') }}
                as is_session_start
        from events
        where {{ has_gaps }}

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

    )

    select
        {% for name in kept -%}
        given_sessions.{{ name }},
        {% endfor -%}
        given_sessions.session_id,
        given_sessions.is_session_start,
        session_logins.login_key,
        session_logins.login_known_date
    from given_sessions
    left join session_logins
        on
            given_sessions.session_id = session_logins.session_id
            and given_sessions.event_day = session_logins.event_day
            and session_logins.login_number = 1
            and given_sessions.anchor_type in ({{ literals(var('weak_identifier_types')) }})
    where {{ in_batch('given_sessions.event_date') }}
    union all
    select
        {{ kept_columns }},
        concat('gap-', cast(anchor_key as varchar), '-', cast(started_second as varchar)) as session_id,
        is_session_start,
        cast(null as bigint) as login_key,
        cast(null as date) as login_known_date
    from gap_starts
    where {{ in_batch() }}
    union all
    select
        {{ kept_columns }},
        cast(null as varchar) as session_id,
        false as is_session_start,
        cast(null as bigint) as login_key,
        cast(null as date) as login_known_date
    from events
    where session_id is null and not coalesce({{ has_gaps }}, false) and {{ in_batch() }}
{%- endmacro %}
