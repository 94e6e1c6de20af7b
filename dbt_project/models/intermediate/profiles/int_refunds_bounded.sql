-- One row per refund of a known order. All refunds of an order give back at most what it cost, oldest first; what goes
-- beyond stands in `order_exception`.
{{ config(materialized='view') }}
with reports as (

    select * from {{ ref('int_outcomes_told') }}
    where event_kind in ('order', 'refund') and report_place = 1 and told_revenue is not null

),

costs as (

    select
        order_id,
        max(case when told_revenue > 0 then told_revenue else 0 end) as order_cost
    from reports
    where event_kind = 'order'
    group by order_id

),

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
    where reports.event_kind = 'refund'

),

final as (

    select
        event_id,
        cast(
            case
                when back_so_far >= -order_cost then told_revenue
                when back_so_far - told_revenue > -order_cost then told_revenue - back_so_far - order_cost
                else 0
            end
            as decimal(18, 4)
        ) as bounded_revenue
    from refunds

)

select * from final
