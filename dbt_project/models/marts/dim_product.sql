-- One row per product that the catalogue, the price list or the stock list names: the latest word of each.
with events as (

    select
        *,
        row_number() over (
            partition by event_type, product_id order by occurred_at desc, received_at desc, event_id desc
        ) as place
    from {{ ref('int_events') }}
    where event_type in ('product_updated', 'price_updated', 'stock_updated') and product_id is not null

),

products as (

    select
        product_id,
        max(case when event_type = 'product_updated' then occurred_at end) as updated_at,
        max(case when event_type = 'price_updated' then occurred_at end) as priced_at,
        max(case when event_type = 'stock_updated' then occurred_at end) as stocked_at
    from events
    where place = 1
    group by product_id

),

final as (

    select
        products.product_id,
        catalogue.category,
        {{ json_text('catalogue.properties', 'product_category') }} as product_category,
        {{ json_text('catalogue.properties', 'product_type') }} as product_type,
        {{ json_text('catalogue.properties', 'brand') }} as brand,
        {{ json_text('catalogue.properties', 'package_size') }} as package_size,
        {{ json_text('catalogue.properties', 'manufacturer_id') }} as manufacturer_id,
        {{ json_text('catalogue.properties', 'name') }} as product_name,
        prices.unit_price as list_price,
        cast({{ json_text('prices.properties', 'cost') }} as decimal(18, 4)) as cost,
        cast({{ json_text('prices.properties', 'floor_price') }} as decimal(18, 4)) as floor_price,
        cast({{ json_text('prices.properties', 'map_price') }} as decimal(18, 4)) as map_price,
        cast({{ json_text('prices.properties', 'parity_price') }} as decimal(18, 4)) as parity_price,
        coalesce(prices.currency, catalogue.currency) as currency,
        stock.quantity as stock_quantity,
        products.updated_at,
        products.priced_at,
        products.stocked_at
    from products
    left join events as catalogue
        on
            products.product_id = catalogue.product_id
            and catalogue.event_type = 'product_updated'
            and catalogue.place = 1
    left join events as prices
        on products.product_id = prices.product_id and prices.event_type = 'price_updated' and prices.place = 1
    left join events as stock
        on products.product_id = stock.product_id and stock.event_type = 'stock_updated' and stock.place = 1

)

select * from final
