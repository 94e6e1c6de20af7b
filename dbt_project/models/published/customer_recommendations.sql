-- One row per customer, task and rank.
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail') }}
-- depends_on: {{ source('refresh', 'customer') }}
with recommendations as (

    select * from {{ source('ml', 'recommendation') }}

),

customers as (

    select customer_id from {{ ref('dim_customer') }}
    where {{ is_touched('customer_id') }} and consent_personalization

),

final as (

    select
        recommendations.customer_id,
        recommendations.as_of,
        recommendations.task,
        recommendations.rank,
        recommendations.product_id,
        recommendations.score,
        recommendations.reason,
        coalesce(recommendations.is_explored, false) as is_explored
    from recommendations
    inner join customers on recommendations.customer_id = customers.customer_id

)

select * from final
