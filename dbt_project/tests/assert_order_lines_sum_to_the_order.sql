-- Lines add up to the amount of their order or refund. Tolerance: one cent, since a source may round lines and total
-- on their own; lines of zero value (11,226 in the embedded data) change nothing. Orders without lines are left out.
{{ config(meta={'dagster': {'ref': {'name': 'int_order_lines'}}}) }}
with lines as (

    select
        event_id,
        sum(amount) as line_amount
    from {{ ref('int_order_lines') }}
    where {{ tested_days() }}
    group by event_id

)

select
    events.event_id,
    events.amount,
    lines.line_amount
from {{ ref('int_events') }} as events
inner join lines on events.event_id = lines.event_id
where
    events.event_type in ('order_completed', 'order_refunded')
    and {{ tested_days('events.event_date') }}
    and abs(events.amount - lines.line_amount) > 0.01
