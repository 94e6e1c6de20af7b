-- One row per customer, tracked or not: what was said of each purpose and what holds, at the run's moment.
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail') }}
-- depends_on: {{ source('refresh', 'customer') }}
with final as (

    select
        customer_id,
        as_of,
        country,
        region,
        {{ consent_columns() }},
        analytics as is_tracked,
        analytics and personalization as is_profiled
    from {{ ref('int_customer_consent') }}
    where {{ is_touched('customer_id') }}

)

select * from final
