-- One row per refund, with a positive amount; a cancellation may name an order that was never reported. Told again, or
-- by a second source, it is the same refund; all refunds of an order give back at most what it cost.
{{
    config(
        materialized='incremental',
        incremental_strategy='touched',
        unique_key=['refund_id'],
        on_schema_change='fail',
        meta={'touched_day': 'refund_date', 'touched_outcome': {'refund_id': 'event_id'}},
    )
}}
-- depends_on: {{ source('refresh', 'customer') }}
-- depends_on: {{ source('refresh', 'identifier') }}
-- depends_on: {{ source('refresh', 'day') }}
-- depends_on: {{ source('refresh', 'outcome_event') }}
-- depends_on: {{ source('refresh', 'product_cost') }}
-- depends_on: {{ ref('int_outcomes_told') }}
-- depends_on: {{ ref('int_order_lines') }}
-- depends_on: {{ ref('dim_product') }}
with bounded as (

    {{ bounded_refunds() }}

),

refunds as (

    select
        events.*,
        bounded.told_amount,
        bounded.refund_amount
    from {{ ref('int_events') }} as events
    inner join bounded on events.event_id = bounded.event_id
    where events.event_type = 'order_refunded' and {{ is_touched_outcome('events.event_id') }}

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
        refunds.refund_amount,
        cast(refunds.told_amount - refunds.refund_amount as decimal(18, 4)) as excess_amount,
        refunds.is_simulated
    from refunds
    {{ customer_joins('refunds') }}

)

select * from final
