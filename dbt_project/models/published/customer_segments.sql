-- One row per customer: segment, and the rung of the ladder that is large enough to act on.
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail') }}
-- depends_on: {{ source('refresh', 'customer') }}
with assignments as (

    select * from {{ source('ml', 'segment_assignment') }}

),

customers as (

    select customer_id from {{ ref('dim_customer') }}
    where {{ is_touched('customer_id') }} and consent_personalization

),

final as (

    select
        assignments.customer_id,
        assignments.as_of,
        assignments.segment_id,
        assignments.segment_name,
        assignments.rung,
        assignments.micro_segment,
        assignments.model_version
    from assignments
    inner join customers on assignments.customer_id = customers.customer_id

)

select * from final
