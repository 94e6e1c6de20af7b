-- One row per line of an order or refund, in the order of the receipt.
-- Amounts are positive, the event type says the sign.
with orders as (

    select * from {{ ref('int_events') }}
    where event_type in ('order_completed', 'order_refunded') and not is_bot

),

listed as (

    select
        *,
        {{ order_lines('properties') }} as lines
    from orders

),

numbered as (

    {{ explode_with_position('listed', [
        'event_id', 'event_type', 'order_id', 'event_date', 'received_date', 'occurred_at', 'anchor_key', 'login_key',
        'login_known_date', 'currency',
    ], 'lines', 'line') }}

),

final as (

    select
        event_id,
        event_type,
        order_id,
        cast(line_number as integer) as line_number,
        event_date,
        received_date,
        occurred_at,
        anchor_key,
        login_key,
        login_known_date,
        line.product_id,
        line.category as line_category,
        line.quantity,
        coalesce(line.amount, 0) as amount,
        coalesce(line.list_amount, line.amount, 0) as list_amount,
        coalesce(line.discount_amount, 0) as discount_amount,
        currency
    from numbered

)

select * from final
