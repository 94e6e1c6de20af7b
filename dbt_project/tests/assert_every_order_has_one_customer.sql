-- Only guests have no customer: an order whose identifier the ledger has assigned belongs to that customer.
{{ config(meta={'dagster': {'ref': {'name': 'fct_order'}}}) }}
-- depends_on: {{ source('refresh', 'day') }}
select fct_order.order_id
from {{ ref('fct_order') }} as fct_order
inner join {{ ref('int_events') }} as events on fct_order.order_id = events.order_id
inner join {{ ref('int_identifier_customers') }} as customers
    on
        events.anchor_key = customers.identifier_key
        and {{ slice_covers('customers', 'events.event_date') }}
where
    events.event_type = 'order_completed'
    and {{ tested_facts('events.event_date') }}
group by fct_order.order_id
having max(fct_order.customer_id) is null
