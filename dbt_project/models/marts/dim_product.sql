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
        {%- for field in ['product_category', 'product_type', 'brand', 'package_size', 'manufacturer_id', 'name'] %}
        {{ json_text('catalogue.properties', field) }} as {{ 'product_name' if field == 'name' else field }},
        {%- endfor %}
        prices.unit_price as list_price,
        {%- for field in ['cost', 'floor_price', 'map_price'] %}
        cast({{ json_text('prices.properties', field) }} as decimal(18, 4)) as {{ field }},
        {%- endfor %}
        coalesce(prices.currency, catalogue.currency) as currency,
        stock.quantity as stock_quantity,
        products.updated_at,
        products.priced_at,
        products.stocked_at
    from products
    left join events as catalogue
        on products.product_id = catalogue.product_id and catalogue.event_type = 'product_updated' and catalogue.place = 1
    left join events as prices
        on products.product_id = prices.product_id and prices.event_type = 'price_updated' and prices.place = 1
    left join events as stock
        on products.product_id = stock.product_id and stock.event_type = 'stock_updated' and stock.place = 1

)

select * from final
