-- One row per reported order with lines: what its goods cost by the price list, null where one of them is not on it.
-- A quantity or a price that is a mistake must not stop all the others: wide products, and none where they do not fit.
{{ config(materialized='view') }}
with lines as (

    select
        lines.event_id,
        {{ cast_if_fits('lines.quantity * cast(products.cost as decimal(38, 4))', 'decimal(30, 7)') }} as line_cost
    from {{ ref('int_order_lines') }} as lines
    left join {{ ref('dim_product') }} as products on lines.product_id = products.product_id
    where lines.event_type = 'order_completed'

),

final as (

    select
        event_id,
        case when count(line_cost) = count(*) then sum(line_cost) end as goods_cost
    from lines
    group by event_id

)

select * from final
