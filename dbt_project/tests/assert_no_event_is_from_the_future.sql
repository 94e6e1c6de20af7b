-- A run sees only what had arrived before its moment, and intake lets nothing arrive before it occurred.
{{ config(meta={'dagster': {'ref': {'name': 'stg_events'}}}) }}
select
    stg_events.event_id,
    stg_events.occurred_at,
    stg_events.received_at
from {{ ref('stg_events') }} as stg_events
cross join {{ source('ops', 'run_context') }} as run_context
where
    {{ tested_days('stg_events.event_date') }}
    and (stg_events.received_at >= run_context.as_of or stg_events.occurred_at > stg_events.received_at)
