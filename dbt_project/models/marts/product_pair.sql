-- One row per unordered pair of products (product_a < product_b) bought together often enough.
with baskets as (

    select distinct
        lines.order_id,
        lines.product_id
    from {{ ref('int_order_lines') }} as lines
    cross join {{ source('ops', 'run_context') }} as run_context
    where
        lines.event_type = 'order_completed'
        and lines.order_id is not null
        and lines.product_id is not null
        and {{ days_between('lines.event_date', 'run_context.as_of') }} <= {{ var('pair_window_days') }}

),

totals as (

    select count(distinct order_id) as n_baskets from baskets

),

products as (

    select
        product_id,
        count(*) as n_baskets,
        row_number() over (order by count(*) desc, product_id) as place
    from baskets
    group by product_id

),

frequent as (

    select
        baskets.order_id,
        baskets.product_id
    from baskets
    inner join products on baskets.product_id = products.product_id
    where products.place <= {{ var('pair_products') }}

),

pairs as (

    select
        first_one.product_id as product_a,
        second_one.product_id as product_b,
        count(*) as n_baskets
    from frequent as first_one
    inner join frequent as second_one
        on first_one.order_id = second_one.order_id and first_one.product_id < second_one.product_id
    group by first_one.product_id, second_one.product_id
    having count(*) >= {{ var('pair_minimum_baskets') }}

),

final as (

    select
        pairs.product_a,
        pairs.product_b,
        pairs.n_baskets,
        {{ ratio('pairs.n_baskets', 'totals.n_baskets') }} as support,
        {{ ratio('pairs.n_baskets', 'products_a.n_baskets') }} as confidence,
        cast(round(
            cast(pairs.n_baskets as double) * totals.n_baskets
            / (cast(products_a.n_baskets as double) * products_b.n_baskets), 6
        ) as decimal(18, 6)) as lift
    from pairs
    cross join totals
    inner join products as products_a on pairs.product_a = products_a.product_id
    inner join products as products_b on pairs.product_b = products_b.product_id

)

select * from final
