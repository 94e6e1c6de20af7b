-- How long conversions take. A view: learning writes the table between runs of dbt.
{{ config(materialized='view') }}
select
    experiment,
    delay_hour,
    conversions
from {{ source('ml', 'conversion_delay') }}
