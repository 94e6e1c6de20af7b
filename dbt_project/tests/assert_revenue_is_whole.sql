-- Net revenue by order = orders minus the refunds that name them; guests count.
{{ config(meta={'dagster': {'ref': {'name': 'fct_order'}}}) }}
with orders as (

    select
        sum(net_amount) as net_amount,
        sum(order_amount) as order_amount
    from {{ ref('fct_order') }}

),

refunds as (

    select coalesce(sum(fct_refund.refund_amount), 0) as refund_amount
    from {{ ref('fct_refund') }} as fct_refund
    inner join {{ ref('fct_order') }} as fct_order on fct_refund.order_id = fct_order.order_id

)

select
    orders.net_amount,
    orders.order_amount,
    refunds.refund_amount
from orders
cross join refunds
where orders.net_amount <> orders.order_amount - refunds.refund_amount
