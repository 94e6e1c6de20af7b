-- One row per refund, as it was first reported. All refunds of an order give back at most what it cost, oldest first;
-- what goes beyond is kept beside. Of an order that was never reported nobody knows the bound.
{{ config(materialized='view') }}
with reports as (

    select * from {{ ref('int_outcomes_told') }}
    where event_kind in ('order', 'refund') and report_place = 1

),

costs as (

    select
        order_id,
        max(case when told_revenue > 0 then told_revenue else 0 end) as order_cost
    from reports
    where event_kind = 'order' and told_revenue is not null
    group by order_id

),

refunds as (

    select
        reports.event_id,
        -reports.told_revenue as told_amount,
        costs.order_cost,
        -sum(reports.told_revenue) over (
            partition by reports.order_id
            order by reports.occurred_at, reports.received_at, reports.event_id
            rows between unbounded preceding and current row
        ) as told_so_far
    from reports
    left join costs on reports.order_id = costs.order_id
    where reports.event_kind = 'refund'

),

final as (

    select
        event_id,
        told_amount,
        cast(told_so_far as decimal(38, 4)) as told_so_far,
        cast(
            case
                when told_amount is null or order_cost is null or told_so_far <= order_cost then told_amount
                when told_so_far - told_amount < order_cost then order_cost - told_so_far + told_amount
                else 0
            end
            as decimal(18, 4)
        ) as refund_amount
    from refunds

)

select * from final
