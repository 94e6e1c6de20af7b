-- One row per customer with a churn or a value score.
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail') }}
-- depends_on: {{ source('refresh', 'customer') }}
with customers as (

    select customer_id from {{ ref('dim_customer') }}
    where {{ is_touched('customer_id') }} and consent_personalization

),

churn as (

    select * from {{ source('ml', 'churn_score') }}

),

customer_value as (

    select * from {{ source('ml', 'value_score') }}

),

final as (

    select
        customers.customer_id,
        coalesce(churn.as_of, customer_value.as_of) as as_of,
        churn.churn_probability,
        churn.horizon_days as churn_horizon_days,
        cast(customer_value.ltv_amount as decimal(18, 4)) as ltv_amount,
        cast(customer_value.ltv_low as decimal(18, 4)) as ltv_low,
        cast(customer_value.ltv_high as decimal(18, 4)) as ltv_high,
        customer_value.horizon_days as ltv_horizon_days,
        cast(null as integer) as next_purchase_days_low,
        cast(null as integer) as next_purchase_days_high,
        cast(null as double) as price_sensitivity,
        cast(null as double) as deal_seeker_probability,
        cast(null as varchar) as next_best_category,
        concat(
            'churn=', coalesce(churn.model_version, 'none'), ';value=', coalesce(customer_value.model_version, 'none')
        ) as model_versions
    from customers
    left join churn on customers.customer_id = churn.customer_id
    left join customer_value on customers.customer_id = customer_value.customer_id
    where churn.customer_id is not null or customer_value.customer_id is not null

)

select * from final
