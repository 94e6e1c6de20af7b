-- One row per customer with at least one event that is not a bot's.
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail') }}
-- depends_on: {{ source('refresh', 'customer') }}
with features as (

    select * from {{ ref('customer_features') }}
    where {{ is_touched('customer_id') }}

),

rhythm as (

    -- Ten orders a month do not make somebody lapsed after four days, nor one order a year active for ever.
    select
        customer_id,
        least(greatest(coalesce(mean_order_gap_days, 30), 7), 91) as usual_gap_days
    from features

),

final as (

    select
        features.customer_id,
        features.as_of,
        features.first_seen_at,
        features.last_seen_at,
        features.first_order_at,
        features.last_order_at,
        features.orders_lifetime,
        features.spend_lifetime,
        case
            when features.orders_lifetime = 0 then 'prospect'
            when features.days_since_first_order <= 30 then 'new'
            when features.recency_days <= 2 * rhythm.usual_gap_days then 'active'
            when features.recency_days <= 4 * rhythm.usual_gap_days then 'lapsing'
            else 'lapsed'
        end as lifecycle,
        features.is_known,
        features.n_identifiers,
        features.n_browsers,
        {{ consent_flags('consent') }}
    from features
    inner join rhythm on features.customer_id = rhythm.customer_id
    inner join {{ ref('int_customer_consent') }} as consent on features.customer_id = consent.customer_id

)

select * from final
