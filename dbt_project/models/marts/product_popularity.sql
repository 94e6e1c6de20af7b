-- One row per product ordered in the last 30 days.
with lines as (

    select * from {{ ref('int_order_lines') }}
    where event_type = 'order_completed' and product_id is not null

),

counted as (

    select
        lines.product_id,
        coalesce(max(products.category), max(lines.line_category)) as category,
        count(distinct lines.order_id) as n_orders,
        count(distinct lines.anchor_key) as n_buyers,
        cast(sum(lines.amount) as decimal(18, 4)) as amount
    from lines
    cross join {{ source('ops', 'run_context') }} as run_context
    left join {{ ref('dim_product') }} as products on lines.product_id = products.product_id
    where {{ days_between('lines.event_date', 'run_context.as_of') }} <= 30
    group by lines.product_id

),

final as (

    select
        product_id,
        category,
        n_orders,
        n_buyers,
        amount,
        row_number() over (order by n_orders desc, n_buyers desc, product_id asc) as popularity_rank,
        row_number() over (
            partition by category order by n_orders desc, n_buyers desc, product_id asc
        ) as category_rank
    from counted

)

select * from final
