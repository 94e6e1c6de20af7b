-- One row per outcome: an order, refund, return, delivery, click, complaint, answer, or a report of what followed one
-- exposure or assignment. Reported again, or by a second source, it is the same outcome; the first report counts.
with events as (

    select
        *,
        {{ outcome_kind() }} as event_kind,
        {{ json_text('properties', 'assignment_id') }} as named_assignment,
        {{ json_text('properties', 'refund_id') }} as stated_refund_id,
        -- Without an id of its own a refund is told by its order, amount and place among equal ones of its source.
        row_number() over (
            partition by event_type, order_id, amount, source order by occurred_at, received_at, event_id
        ) as place_among_equal
    from {{ ref('int_events') }}
    where event_type in ({{ outcome_event_types() }}) and not is_bot

),

told as (

    select
        *,
        case
            when event_kind in ('order', 'return', 'delivery') then order_id
            when event_kind = 'refund'
                then coalesce(
                        case when stated_refund_id is not null then concat('id:', stated_refund_id) end,
                        concat(order_id, ':', cast(amount as varchar), ':', cast(place_among_equal as varchar))
                    )
            when event_kind = 'click' then personalization_id
            when event_kind = 'complaint' then coalesce({{ json_text('properties', 'ticket_id') }}, event_id)
            when event_kind = 'report' then coalesce(named_assignment, personalization_id)
            else event_id
        end as outcome_key,
        case
            when event_kind = 'report' then {{ json_money('properties', 'revenue_amount') }}
            when event_kind = 'order' then amount
            when event_kind = 'refund' then -abs(amount)
        end as told_revenue,
        case
            when event_kind = 'refund' then -abs({{ json_money('properties', 'margin_amount') }})
            else {{ json_money('properties', 'margin_amount') }}
        end as told_margin
    from events
    where event_kind is not null

),

promises as (

    select
        order_id,
        min({{ json_date('properties', 'promised_date') }}) as promised_date
    from told
    where event_type = 'delivery_promised'
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

-- A quantity or a price that is a mistake must not stop all the others: wide products, and none where they do not fit.
priced_lines as (

    select
        lines.event_id,
        {{ cast_if_fits('lines.quantity * cast(products.cost as decimal(38, 4))', 'decimal(30, 7)') }} as line_cost
    from {{ ref('int_order_lines') }} as lines
    left join {{ ref('dim_product') }} as products on lines.product_id = products.product_id
    where lines.event_type = 'order_completed'

),

goods as (

    select
        event_id,
        sum(line_cost) as goods_cost,
        sum(case when line_cost is null then 1 else 0 end) as n_unknown
    from priced_lines
    group by event_id

),

reports as (

    select
        *,
        row_number() over (partition by event_kind, outcome_key order by received_at, occurred_at, event_id) as place,
        max(personalization_id) over (partition by event_kind, outcome_key) as any_personalization_id,
        max(told_margin) over (partition by event_kind, outcome_key) as any_margin
    from told
    where event_type <> 'delivery_promised' and outcome_key is not null

),

costs as (

    select
        order_id,
        max(case when told_revenue > 0 then told_revenue else 0 end) as order_cost
    from reports
    where event_kind = 'order' and place = 1 and told_revenue is not null
    group by order_id

),

-- All refunds of an order give back at most what it cost, oldest first; what goes beyond stands in `order_exception`.
refunds as (

    select
        reports.event_id,
        reports.told_revenue,
        costs.order_cost,
        sum(reports.told_revenue) over (
            partition by reports.order_id
            order by reports.occurred_at, reports.received_at, reports.event_id
            rows between unbounded preceding and current row
        ) as back_so_far
    from reports
    inner join costs on reports.order_id = costs.order_id
    where reports.event_kind = 'refund' and reports.place = 1 and reports.told_revenue is not null

),

bounded_refunds as (

    select
        event_id,
        case
            when back_so_far >= -order_cost then told_revenue
            when back_so_far - told_revenue > -order_cost then told_revenue - back_so_far - order_cost
            else 0
        end as bounded_revenue
    from refunds

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
        case
            when reports.event_kind = 'order' then true
            when reports.event_kind = 'report'
                then coalesce({{ json_text('reports.properties', 'converted') }} = 'true', false)
        end as is_converted,
        cast(coalesce(bounded_refunds.bounded_revenue, reports.told_revenue) as decimal(18, 4)) as revenue_amount,
        coalesce(
            reports.told_margin,
            reports.any_margin,
            case
                when reports.event_kind = 'order'
                    then {{ cast_if_fits(
                        'reports.told_revenue - case when goods.n_unknown = 0 then goods.goods_cost else 0 end',
                        'decimal(18, 4)'
                    ) }}
            end
        ) as margin_amount,
        {{ json_money('reports.properties', 'cost_amount') }} as cost_amount,
        {{ json_money('reports.properties', 'ltv_change_amount') }} as ltv_change_amount,
        case
            when reports.event_kind = 'survey'
                then coalesce(
                        {{ json_decimal('reports.properties', 'score') }},
                        {{ json_decimal('reports.properties', 'answer') }}
                    )
        end as value,
        case
            when reports.event_kind = 'survey' then {{ json_text('reports.properties', 'question') }}
            when reports.event_kind = 'complaint' then {{ json_text('reports.properties', 'topic') }}
            when reports.event_kind = 'return' then {{ json_text('reports.properties', 'reason') }}
        end as topic,
        case
            when coalesce(reports.told_margin, reports.any_margin) is not null then 'stated'
            when reports.event_kind = 'order' and goods.n_unknown = 0 then 'price_list'
            when reports.event_kind = 'order' then 'revenue'
            when reports.event_kind = 'refund' then 'order'
        end as margin_basis,
        reports.is_simulated
    from reports
    left join promises on reports.order_id = promises.order_id and reports.event_kind = 'delivery'
    left join reported_orders on reports.order_id = reported_orders.order_id and reports.event_kind = 'order'
    left join goods on reports.event_id = goods.event_id
    left join bounded_refunds on reports.event_id = bounded_refunds.event_id
    {{ customer_joins('reports') }}
    where reports.place = 1

)

select * from final
