-- One row per product, day of occurrence and day of arrival: what catalogue, price list and stock said last.
with events as (

    select * from {{ ref('int_events') }}
    where event_type in ('product_updated', 'price_updated', 'stock_updated') and product_id is not null

),

final as (

    select
        product_id,
        event_date,
        received_date,
        -- A catalogue may repeat its own date in every delivery: the latest delivery counts.
        {{ latest("case when event_type = 'product_updated' then category end", 'received_at') }} as last_category,
        {%- for name in var('affinity_attributes') %}
        {{ latest(
            "case when event_type = 'product_updated' then " ~ json_text('properties', name) ~ " end", 'received_at'
        ) }} as last_{{ name }},
        {%- endfor %}
        {{ latest("case when event_type = 'price_updated' then unit_price end", 'occurred_at') }} as last_list_price,
        {{ latest("case when event_type = 'stock_updated' then quantity end", 'occurred_at') }} as last_stock
    from events
    group by product_id, event_date, received_date

)

select * from final
