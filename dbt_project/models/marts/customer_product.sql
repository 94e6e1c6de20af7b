-- One row per customer and product bought.
with lines as (

    select * from {{ ref('int_order_lines') }}
    where event_type = 'order_completed' and product_id is not null

),

orders as (

    -- Two steps: a distinct count per customer and product took 1.4 million hash sets.
    select
        {{ tracked_customer_of() }} as customer_id,
        lines.product_id,
        lines.order_id,
        max(lines.line_category) as line_category,
        sum(lines.quantity) as quantity,
        sum(lines.amount) as amount,
        max(lines.occurred_at) as ordered_at
    from lines
    {{ customer_joins('lines') }}
    where {{ tracked_customer_of() }} is not null
    group by {{ tracked_customer_of() }}, lines.product_id, lines.order_id

),

final as (

    select
        orders.customer_id,
        orders.product_id,
        coalesce(max(products.category), max(orders.line_category)) as category,
        count(*) as n_orders,
        cast(sum(orders.quantity) as decimal(18, 3)) as quantity,
        cast(sum(orders.amount) as decimal(18, 4)) as amount,
        max(orders.ordered_at) as last_ordered_at
    from orders
    left join {{ ref('dim_product') }} as products on orders.product_id = products.product_id
    group by orders.customer_id, orders.product_id

)

select * from final
