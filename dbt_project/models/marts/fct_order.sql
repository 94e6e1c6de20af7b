-- One row per order; repeated reports of an order count once, refunds are summed beside it, guests have no customer.
{{
    config(
        materialized='incremental',
        incremental_strategy='touched',
        unique_key=['order_id'],
        on_schema_change='fail',
        meta={'touched_day': 'order_date', 'touched_outcome': {'order_id': 'order_id'}},
    )
}}
-- depends_on: {{ source('refresh', 'customer') }}
-- depends_on: {{ source('refresh', 'identifier') }}
-- depends_on: {{ source('refresh', 'day') }}
-- depends_on: {{ source('refresh', 'outcome_event') }}
-- depends_on: {{ ref('int_outcomes_told') }}
with orders as (

    select
        *,
        row_number() over (partition by order_id order by received_at, event_id) as place
    from {{ ref('int_events') }}
    where
        event_type = 'order_completed'
        and not is_bot
        and order_id is not null
        and {{ is_of_touched_order('event_id') }}

),

refunds as (

    select
        order_id,
        count(*) as n_refunds,
        sum(refund_amount) as refund_amount
    from {{ ref('fct_refund') }}
    group by order_id

),

lines as (

    select
        event_id,
        count(*) as n_lines
    from {{ ref('int_order_lines') }}
    where {{ is_of_touched_order('event_id') }}
    group by event_id

),

final as (

    select
        orders.order_id,
        {{ customer_of() }} as customer_id,
        orders.occurred_at as ordered_at,
        orders.event_date as order_date,
        orders.received_at,
        {{ shop_hour('orders.occurred_at') }} as shop_hour,
        {{ on_shop_weekend('orders.occurred_at') }} as is_weekend,
        orders.source,
        orders.channel,
        orders.store_id,
        orders.currency,
        coalesce(lines.n_lines, 0) as n_lines,
        orders.amount as order_amount,
        cast(
            coalesce(cast({{ json_text('orders.properties', 'discount_amount') }} as decimal(18, 4)), 0)
            as decimal(18, 4)
        ) as discount_amount,
        cast(
            coalesce(cast({{ json_text('orders.properties', 'coupon_discount_amount') }} as decimal(18, 4)), 0)
            as decimal(18, 4)
        ) as coupon_discount_amount,
        coalesce(refunds.n_refunds, 0) as n_refunds,
        cast(coalesce(refunds.refund_amount, 0) as decimal(18, 4)) as refund_amount,
        cast(orders.amount - coalesce(refunds.refund_amount, 0) as decimal(18, 4)) as net_amount,
        orders.is_simulated
    from orders
    left join refunds on orders.order_id = refunds.order_id
    left join lines on orders.event_id = lines.event_id
    {{ customer_joins('orders') }}
    where orders.place = 1

)

select * from final
