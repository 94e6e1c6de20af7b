-- Units that saw two arms. A view: analysis writes the table between runs of dbt.
{{ config(materialized='view') }}
select
    experiment,
    experiment_version,
    as_of,
    units,
    conflicts,
    share
from {{ source('ml', 'identity_conflict') }}
