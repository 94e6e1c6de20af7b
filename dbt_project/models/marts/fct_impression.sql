-- One row per item that a list showed to somebody, and whether it was clicked.
-- A click belongs to the latest list before it that showed its product to the same person.
with views as (

    select
        *,
        {{ list_items('properties') }} as items
    from {{ ref('int_events') }}
    where event_type = 'product_list_viewed' and anchor_key is not null and not is_bot

),

numbered as (

    {{ explode_with_position('views', [
        'event_id', 'event_date', 'occurred_at', 'session_id', 'anchor_key', 'login_key', 'category', 'properties',
        'is_simulated',
    ], 'items', 'item') }}

),

items as (

    select
        event_id as list_view_id,
        cast(item_number as integer) as item_number,
        event_date,
        occurred_at as shown_at,
        session_id,
        anchor_key,
        login_key,
        {{ json_text('properties', 'list_id') }} as list_id,
        coalesce(item.product_id, item.sku) as product_id,
        greatest(coalesce(item.position, cast(item_number as integer)), 1) as position,
        coalesce(item.category, category) as category,
        item.brand,
        coalesce(item.colour, item.color, item.variant) as colour,
        item.fit,
        item.price,
        is_simulated
    from numbered
    where coalesce(item.product_id, item.sku) is not null

),

clicks as (

    select
        event_id,
        anchor_key,
        product_id,
        occurred_at as clicked_at,
        {{ json_text('properties', 'list_id') }} as list_id
    from {{ ref('int_events') }}
    where event_type = 'product_clicked' and product_id is not null and anchor_key is not null and not is_bot

),

matched as (

    select
        items.list_view_id,
        items.item_number,
        clicks.clicked_at,
        row_number() over (
            partition by clicks.event_id order by items.shown_at desc, items.list_view_id desc, items.item_number asc
        ) as place
    from clicks
    inner join items on clicks.anchor_key = items.anchor_key and clicks.product_id = items.product_id
    where
        {{ milliseconds_between('items.shown_at', 'clicks.clicked_at') }}
        between 0 and {{ var('session_gap_seconds') * 1000 }}
        and (clicks.list_id is null or items.list_id is null or clicks.list_id = items.list_id)

),

first_clicks as (

    select
        list_view_id,
        item_number,
        min(clicked_at) as clicked_at
    from matched
    where place = 1
    group by list_view_id, item_number

),

priced as (

    -- Thirds of the prices that stand in one list: what is dear depends on what lies beside it.
    select
        list_view_id,
        item_number,
        ntile(3) over (partition by list_view_id order by price, item_number) as third,
        count(*) over (partition by list_view_id) as n_prices
    from items
    where price is not null

),

final as (

    select
        items.list_view_id,
        items.item_number,
        {{ tracked_customer_of() }} as customer_id,
        items.session_id,
        items.shown_at,
        items.event_date as shown_date,
        items.list_id,
        items.product_id,
        items.position,
        coalesce(items.category, products.category) as category,
        coalesce(items.brand, products.brand) as brand,
        items.colour,
        items.fit,
        items.price,
        case
            when priced.n_prices < 3 then null
            when priced.third = 1 then 'low'
            when priced.third = 2 then 'middle'
            when priced.third = 3 then 'high'
        end as price_band,
        first_clicks.clicked_at is not null as is_clicked,
        first_clicks.clicked_at,
        items.is_simulated
    from items
    left join priced on items.list_view_id = priced.list_view_id and items.item_number = priced.item_number
    left join first_clicks
        on items.list_view_id = first_clicks.list_view_id and items.item_number = first_clicks.item_number
    left join {{ ref('dim_product') }} as products on items.product_id = products.product_id
    {{ customer_joins('items') }}

)

select * from final
