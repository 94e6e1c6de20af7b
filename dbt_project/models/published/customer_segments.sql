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

micro_segments as (

    select
        customer_id,
        micro_segment
    from {{ source('ml', 'micro_segment') }}
    where is_large

),

final as (

    select
        assignments.customer_id,
        assignments.as_of,
        assignments.segment_id,
        assignments.segment_name,
        case
            when micro_segments.micro_segment is not null and assignments.rung = 'persona' then 'micro'
            else assignments.rung
        end as rung,
        micro_segments.micro_segment,
        assignments.model_version
    from assignments
    inner join customers on assignments.customer_id = customers.customer_id
    left join micro_segments on assignments.customer_id = micro_segments.customer_id

)

select * from final
