-- One row per customer with a score of any model.
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail') }}
-- depends_on: {{ source('refresh', 'customer') }}
with customers as (

    select
        customer_id,
        consent_profiling_price
    from {{ ref('dim_customer') }}
    where {{ is_touched('customer_id') }} and consent_personalization

),

churn as (

    select * from {{ source('ml', 'churn_score') }}

),

customer_value as (

    select * from {{ source('ml', 'value_score') }}

),

outlook as (

    select * from {{ source('ml', 'outlook_score') }}

),

final as (

    select
        customers.customer_id,
        coalesce(churn.as_of, customer_value.as_of, outlook.as_of) as as_of,
        churn.churn_probability,
        churn.horizon_days as churn_horizon_days,
        cast(customer_value.ltv_amount as decimal(18, 4)) as ltv_amount,
        cast(customer_value.ltv_low as decimal(18, 4)) as ltv_low,
        cast(customer_value.ltv_high as decimal(18, 4)) as ltv_high,
        customer_value.horizon_days as ltv_horizon_days,
        outlook.next_purchase_days_low,
        outlook.next_purchase_days_high,
        -- Whoever withdraws is heard with the hour; the scores themselves are made with the day.
        case when customers.consent_profiling_price then outlook.price_sensitivity end as price_sensitivity,
        case when customers.consent_profiling_price then outlook.deal_seeker_probability end as deal_seeker_probability,
        outlook.next_best_category,
        concat(
            'churn=', coalesce(churn.model_version, 'none'), ';value=', coalesce(customer_value.model_version, 'none'),
            ';', coalesce(outlook.model_versions, 'next_purchase=none;next_category=none;price=none')
        ) as model_versions,
        outlook.next_purchase_week,
        outlook.next_purchase_horizon_days,
        outlook.next_purchase_basis,
        outlook.next_new_category,
        outlook.category_basis,
        case when customers.consent_profiling_price then outlook.price_basis end as price_basis,
        churn.near_probability as churn_near_probability,
        churn.near_horizon_days as churn_near_horizon_days,
        churn.basis as churn_basis,
        cast(customer_value.near_amount as decimal(18, 4)) as ltv_near_amount,
        cast(customer_value.near_low as decimal(18, 4)) as ltv_near_low,
        cast(customer_value.near_high as decimal(18, 4)) as ltv_near_high,
        customer_value.near_horizon_days as ltv_near_horizon_days,
        customer_value.basis as ltv_basis
    from customers
    left join churn on customers.customer_id = churn.customer_id
    left join customer_value on customers.customer_id = customer_value.customer_id
    left join outlook on customers.customer_id = outlook.customer_id
    where
        churn.customer_id is not null
        or customer_value.customer_id is not null
        or outlook.customer_id is not null

)

select * from final
