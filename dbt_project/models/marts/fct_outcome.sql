-- One row per outcome: an order, refund, return, delivery, click, complaint, answer, or a report of what followed one
-- exposure or assignment. Reported again, or by a second source, it is the same outcome; the first report counts.
{{
    config(
        materialized='incremental',
        incremental_strategy='touched',
        unique_key=['outcome_id'],
        on_schema_change='fail',
        meta={'touched_day': 'outcome_date', 'touched_outcome': {'outcome_id': 'outcome_id'}},
    )
}}
-- depends_on: {{ source('refresh', 'customer') }}
-- depends_on: {{ source('refresh', 'identifier') }}
-- depends_on: {{ source('refresh', 'day') }}
-- depends_on: {{ source('refresh', 'outcome_event') }}
-- depends_on: {{ source('refresh', 'product_cost') }}
-- depends_on: {{ ref('int_order_lines') }}
-- depends_on: {{ ref('dim_product') }}
with told as (

    select * from {{ ref('int_outcomes_told') }}

),

reports as (

    select * from told
    where report_place = 1 and {{ is_touched_outcome('event_id') }}

),

goods as (

    {{ priced_goods() }}

),

refunds as (

    {{ bounded_refunds() }}

),

promises as (

    select
        order_id,
        min(promised_date) as promised_date
    from told
    where promised_date is not null
    group by order_id

),

-- A report may name the order that it tells of; the order then followed what the report names.
reported_orders as (

    select
        order_id,
        min(outcome_key) as personalization_id
    from told
    where event_kind = 'report' and order_id is not null
    group by order_id

),

final as (

    select
        concat(reports.event_kind, ':', reports.outcome_key) as outcome_id,
        case
            when reports.event_kind <> 'delivery' then reports.event_kind
            when promises.promised_date is null then 'delivery'
            when cast({{ shop_time('reports.occurred_at') }} as date) > promises.promised_date then 'delivery_late'
            else 'delivery_on_time'
        end as kind,
        {{ tracked_customer_of() }} as customer_id,
        reports.session_id,
        {{ is_refused() }} as is_refused,
        reports.occurred_at,
        reports.event_date as outcome_date,
        reports.received_at,
        reports.order_id,
        case
            when reports.event_kind = 'report' then reports.outcome_key
            else coalesce(
                    reports.personalization_id, reports.any_personalization_id, reported_orders.personalization_id
                )
        end as personalization_id,
        case when reports.event_kind = 'report' then reports.outcome_key end as assignment_id,
        reports.experiment_id,
        reports.is_converted,
        cast(coalesce(-refunds.refund_amount, reports.told_revenue) as decimal(18, 4)) as revenue_amount,
        coalesce(
            reports.told_margin,
            reports.any_margin,
            case
                when reports.event_kind = 'order'
                    then {{ cast_if_fits('reports.told_revenue - coalesce(goods.goods_cost, 0)', 'decimal(18, 4)') }}
            end
        ) as margin_amount,
        reports.cost_amount,
        reports.ltv_change_amount,
        reports.value,
        reports.topic,
        case
            when coalesce(reports.told_margin, reports.any_margin) is not null then 'stated'
            when reports.event_kind = 'order' and goods.goods_cost is not null then 'price_list'
            when reports.event_kind = 'order' then 'revenue'
            when reports.event_kind = 'refund' then 'order'
        end as margin_basis,
        reports.is_simulated
    from reports
    left join promises on reports.order_id = promises.order_id and reports.event_kind = 'delivery'
    left join reported_orders on reports.order_id = reported_orders.order_id and reports.event_kind = 'order'
    left join goods on reports.event_id = goods.event_id
    left join refunds on reports.event_id = refunds.event_id
    {{ customer_joins('reports') }}

)

select * from final
