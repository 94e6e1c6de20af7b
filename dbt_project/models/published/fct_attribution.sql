-- Which exposure each outcome is credited to. A view: learning writes the table between runs of dbt.
{{ config(materialized='view') }}
select
    outcome_id,
    kind,
    experiment,
    experiment_version,
    personalization_id,
    rule,
    reason,
    occurred_at,
    shown_at,
    delay_hours,
    revenue_micros,
    margin_micros
from {{ source('ml', 'attribution') }}
