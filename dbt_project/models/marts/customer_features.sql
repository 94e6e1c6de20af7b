-- One row per customer with at least one event, at the run's moment truncated to the hour.
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail') }}
-- depends_on: {{ source('refresh', 'customer') }}
-- depends_on: {{ source('refresh', 'identifier') }}
with features as (

    {{ customer_features_at(current_cutoff()) }}

),

final as (

    select * from features
    where {{ is_touched('customer_id') }}

)

select * from final
