-- One row per event with everything known about it: staged columns, anchor identifier, session and login in force.
-- A table: a dozen models read it, and joining by place in the lake costs more than writing the rows once.
with staged as (

    select * from {{ ref('stg_events') }}

),

sessions as (

    select * from {{ ref('int_event_sessions') }}

),

final as (

    select
        {{ event_column_list('staged', replaced={'session_id': 'sessions.session_id'}) }},
        sessions.anchor_type,
        sessions.anchor_key,
        sessions.login_key,
        sessions.login_known_date,
        sessions.is_session_start,
        sessions.is_bot,
        sessions.is_identity_trusted
    from staged
    inner join sessions
        on
            staged.lake_path = sessions.lake_path
            and staged.lake_row = sessions.lake_row
            and staged.event_date = sessions.event_date

)

select * from final
