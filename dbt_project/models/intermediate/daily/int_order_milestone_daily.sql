-- One row per order, anchor identifier (or none), login in force, day of occurrence and day of arrival: when it was
-- placed, promised, delivered, sent back and refunded.
with events as (

    select
        *,
        case
            when event_type = 'delivery_promised' then {{ json_date('properties', 'promised_date') }}
        end as promised_date
    from {{ ref('int_events') }}
    where
        order_id is not null
        and not is_bot
        and event_type in (
            'order_completed', 'order_refunded', 'delivery_promised', 'delivery_dispatched', 'delivery_completed',
            'return_requested', 'return_received'
        )

),

final as (

    select
        order_id,
        anchor_key,
        login_key,
        login_known_date,
        event_date,
        received_date,
        min(case when event_type = 'order_completed' then occurred_at end) as ordered_at,
        min(promised_date) as promised_date,
        min(case when event_type = 'delivery_dispatched' then occurred_at end) as dispatched_at,
        min(case when event_type = 'delivery_completed' then occurred_at end) as delivered_at,
        min(case when event_type in ('return_requested', 'return_received') then occurred_at end) as returned_at,
        min(case when event_type = 'order_refunded' then occurred_at end) as refunded_at
    from events
    group by order_id, anchor_key, login_key, login_known_date, event_date, received_date

)

select * from final
