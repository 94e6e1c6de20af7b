-- One row per customer and product bought.
with lines as (

    select * from {{ ref('int_order_lines') }}
    where event_type = 'order_completed' and product_id is not null

),

final as (

    select
        {{ customer_of() }} as customer_id,
        lines.product_id,
        coalesce(max(products.category), max(lines.line_category)) as category,
        count(distinct lines.order_id) as n_orders,
        cast(sum(lines.quantity) as decimal(18, 3)) as quantity,
        cast(sum(lines.amount) as decimal(18, 4)) as amount,
        max(lines.occurred_at) as last_ordered_at
    from lines
    {{ customer_joins('lines') }}
    left join {{ ref('dim_product') }} as products on lines.product_id = products.product_id
    where {{ customer_of() }} is not null
    group by {{ customer_of() }}, lines.product_id

)

select * from final
