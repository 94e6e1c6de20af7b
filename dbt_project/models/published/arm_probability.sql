-- Probability of each arm. A view: learning writes the table between runs of dbt.
{{ config(materialized='view') }}
select
    experiment,
    experiment_version,
    segment_id,
    context_bucket,
    arm,
    probability,
    weight,
    basis,
    n,
    table_version,
    as_of
from {{ source('ml', 'arm_probability') }}
