-- Orders and spend over all customers = those of the daily rows whose customer may be counted, at the same moment.
{{ config(meta={'dagster': {'ref': {'name': 'customer_features'}}}) }}
-- depends_on: {{ source('refresh', 'customer') }}
with features as (

    select
        max(as_of) as as_of,
        sum(orders_lifetime) as n_orders,
        sum(spend_lifetime) as order_amount
    from {{ ref('customer_features') }}
    where {{ tested_customers() }}

),

daily as (

    select
        sum(daily_rows.n_orders) as n_orders,
        sum(daily_rows.order_amount) as order_amount
    from {{ ref('int_identifier_daily') }} as daily_rows
    inner join features
        on
            cast(daily_rows.event_date as timestamp) < features.as_of
            and cast(daily_rows.received_date as timestamp) < features.as_of
    {{ customer_joins('daily_rows') }}
    where {{ tracked_customer_of() }} is not null and {{ tested_customers(customer_of()) }}

)

select
    features.n_orders,
    daily.n_orders as n_daily_orders
from features
cross join daily
where
    coalesce(features.n_orders, 0) <> coalesce(daily.n_orders, 0)
    or coalesce(features.order_amount, 0) <> coalesce(daily.order_amount, 0)
