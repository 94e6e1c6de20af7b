-- Arm of each unit. A view: analysis writes the table between runs of dbt.
{{ config(materialized='view') }}
select
    experiment,
    experiment_version,
    unit_type,
    unit_id,
    customer_id,
    arm,
    first_exposed_at,
    propensity,
    probabilities,
    segment_id,
    context_bucket,
    table_version,
    exposures,
    is_excluded,
    reason
from {{ source('ml', 'assignment') }}
