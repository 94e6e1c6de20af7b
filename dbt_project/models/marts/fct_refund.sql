-- One row per refund, with a positive amount; a cancellation may name an order that was never reported.
with refunds as (

    select * from {{ ref('int_events') }}
    where event_type = 'order_refunded' and not is_bot

),

final as (

    select
        refunds.event_id as refund_id,
        refunds.order_id,
        {{ customer_of() }} as customer_id,
        refunds.occurred_at as refunded_at,
        refunds.event_date as refund_date,
        refunds.source,
        refunds.channel,
        refunds.currency,
        refunds.amount as refund_amount,
        refunds.is_simulated
    from refunds
    {{ customer_joins('refunds') }}

)

select * from final
