-- Sessions counted in the daily sums are the sessions listed, bots and strangers aside.
{{ config(meta={'dagster': {'ref': {'name': 'int_sessions'}}}) }}
with listed as (

    select
        event_date,
        count(*) as n_sessions
    from {{ ref('int_sessions') }}
    where {{ tested_days() }}
    group by event_date

),

opened as (

    select
        event_date,
        count(*) as n_sessions
    from {{ ref('int_events') }}
    where is_session_start and {{ tested_days() }}
    group by event_date

)

select
    coalesce(listed.event_date, opened.event_date) as event_date,
    listed.n_sessions as n_listed,
    opened.n_sessions as n_opened
from listed
full outer join opened on listed.event_date = opened.event_date
where listed.n_sessions is distinct from opened.n_sessions
