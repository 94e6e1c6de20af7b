-- One row per customer, placement and incentive, the plain one among them.
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail') }}
-- depends_on: {{ source('refresh', 'customer') }}
with uplift as (

    select * from {{ source('ml', 'incentive_uplift') }}

),

customers as (

    -- Whoever withdraws is heard with the hour; the figures themselves are made with the day.
    select consent.customer_id
    from {{ ref('customer_consent') }} as consent
    where
        {{ is_touched('consent.customer_id') }}
        and consent.is_profiled
        and consent.profiling_price
        and (
            consent.marketing_email or consent.marketing_sms or consent.marketing_push
            or consent.marketing_phone or consent.marketing_post or consent.marketing_ads
        )

),

final as (

    select
        uplift.customer_id,
        uplift.as_of,
        uplift.placement,
        uplift.arm,
        uplift.conversion_uplift,
        uplift.conversion_error,
        uplift.margin_uplift,
        uplift.margin_error,
        uplift.margin_low,
        uplift.margin_high,
        uplift.is_recommended,
        uplift.basis,
        uplift.reason,
        uplift.model_version
    from uplift
    inner join customers on uplift.customer_id = customers.customer_id

)

select * from final
