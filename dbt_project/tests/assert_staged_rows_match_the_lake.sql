-- Events in the visible files of a staged day = events staged, for days whose files have wholly arrived and that no
-- other run has yet to rebuild.
{{ config(meta={'dagster': {'ref': {'name': 'stg_events'}}}) }}
with staged as (

    select
        event_date,
        count(*) as n_staged
    from {{ ref('stg_events') }}
    where {{ tested_days() }}
    group by event_date

),

lake as (

    select
        lake_file.event_date,
        sum(lake_file.rows) as n_listed,
        max(lake_file.max_received_at) < max(run_context.as_of) as has_arrived
    from {{ source('ops', 'lake_file') }} as lake_file
    cross join {{ source('ops', 'run_context') }} as run_context
    where lake_file.is_visible
    group by lake_file.event_date

)

select
    staged.event_date,
    staged.n_staged,
    lake.n_listed
from staged
left join lake on staged.event_date = lake.event_date
left join {{ source('ops', 'pending_day') }} as pending_day on staged.event_date = pending_day.event_date
where
    pending_day.event_date is null
    and coalesce(lake.has_arrived, true)
    and staged.n_staged <> coalesce(lake.n_listed, 0)
