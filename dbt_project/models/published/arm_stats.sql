-- What came of each arm by hour. A view: learning writes the table between runs of dbt.
{{ config(materialized='view') }}
select
    experiment,
    experiment_version,
    segment_id,
    context_bucket,
    arm,
    hour,
    exposures,
    conversions,
    clicks,
    complaints,
    returns,
    revenue_micros,
    margin_micros,
    margin_cents_squared,
    cost_micros,
    ltv_change_micros
from {{ source('ml', 'arm_stats') }}
