-- One row per refund, return or delivery of an order that does not fit: no such order, or more than it cost.
with events as (

    select
        event_id,
        event_type,
        order_id,
        source,
        occurred_at,
        event_date,
        amount
    from {{ ref('int_events') }}
    where
        order_id is not null
        and not is_bot
        and event_type in (
            'order_refunded',
            'return_requested', 'return_received',
            'delivery_promised', 'delivery_dispatched', 'delivery_completed', 'delivery_failed'
        )

),

orders as (

    select
        order_id,
        order_amount
    from {{ ref('fct_order') }}

),

refunds as (

    select
        event_id,
        told_so_far as refunded_amount,
        refund_amount < told_amount as is_cut
    from {{ ref('int_refunds_bounded') }}

),

compared as (

    select
        events.*,
        orders.order_amount,
        cast(refunds.refunded_amount as decimal(18, 4)) as refunded_amount,
        coalesce(refunds.is_cut, false) as is_cut,
        orders.order_id is null as is_unknown
    from events
    left join orders on events.order_id = orders.order_id
    left join refunds on events.event_id = refunds.event_id

),

final as (

    select
        event_id,
        case when is_unknown then 'unknown_order' else 'refund_exceeds_order' end as exception,
        event_type,
        order_id,
        source,
        occurred_at,
        event_date,
        order_amount,
        refunded_amount
    from compared
    where is_unknown or is_cut

)

select * from final
