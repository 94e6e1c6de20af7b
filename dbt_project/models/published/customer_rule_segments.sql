-- One row per customer and segment by rule that holds for them.
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail') }}
-- depends_on: {{ source('refresh', 'customer') }}
with members as (

    select * from {{ source('ml', 'rule_segment_member') }}

),

customers as (

    select
        customer_id,
        as_of
    from {{ ref('dim_customer') }}
    where {{ is_touched('customer_id') }} and consent_personalization

),

final as (

    select
        members.customer_id,
        members.rule_segment,
        customers.as_of
    from members
    inner join customers on members.customer_id = customers.customer_id

)

select * from final
