-- One row per customer, day and day of arrival: orders and visits, by the identities of this run.
{{ config(materialized='view') }}
with final as (

    select
        {{ tracked_customer_of() }} as customer_id,
        daily.event_date,
        daily.received_date,
        cast(sum(daily.n_orders) as bigint) as n_orders,
        cast(sum(daily.n_store_orders) as bigint) as n_store_orders,
        cast(sum(daily.n_weekend_orders) as bigint) as n_weekend_orders,
        cast(sum(daily.order_amount) as decimal(18, 4)) as order_amount,
        cast(sum(daily.discount_amount) as decimal(18, 4)) as discount_amount,
        cast(sum(daily.n_coupons) as bigint) as n_coupons,
        cast(sum(daily.n_sessions) as bigint) as n_sessions,
        cast(sum(daily.n_product_views) as bigint) as n_product_views,
        cast(sum(daily.n_cart_adds) as bigint) as n_cart_adds
    from {{ ref('int_identifier_daily') }} as daily
    {{ customer_joins('daily') }}
    where (daily.n_orders > 0 or daily.n_sessions > 0 or daily.n_product_views > 0)
        and {{ tracked_customer_of() }} is not null
    group by {{ tracked_customer_of() }}, daily.event_date, daily.received_date

)

select * from final
