-- One row per customer, segment and stay in it.
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail') }}
-- depends_on: {{ source('refresh', 'customer') }}
with stays as (

    select * from {{ source('ml', 'segment_history') }}

),

customers as (

    select customer_id from {{ ref('dim_customer') }}
    where {{ is_touched('customer_id') }} and consent_personalization

),

final as (

    select
        stays.customer_id,
        stays.kind,
        stays.segment,
        stays.entered_on,
        stays.left_on
    from stays
    inner join customers on stays.customer_id = customers.customer_id

)

select * from final
