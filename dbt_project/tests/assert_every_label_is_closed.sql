-- A label is published only when its whole horizon lies before the run's moment.
{{ config(meta={'dagster': {'ref': {'name': 'training_frame'}}}) }}
select
    frame.as_of,
    frame.horizon_days
from {{ ref('training_frame') }} as frame
cross join {{ source('ops', 'run_context') }} as run_context
group by frame.as_of, frame.horizon_days
having cast({{ days_after('frame.as_of', 'frame.horizon_days') }} as timestamp) > max(run_context.as_of)
