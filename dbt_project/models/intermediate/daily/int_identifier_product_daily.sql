-- One row per anchor identifier, login in force, product bought or looked at, category and brand as the event gives
-- them, day of occurrence and day of arrival.
with events as (

    select * from {{ ref('int_events') }}
    where
        anchor_key is not null
        and not is_bot
        and product_id is not null
        and event_type in ('product_viewed', 'cart_added')

),

looked_at as (

    select
        anchor_key,
        login_key,
        login_known_date,
        event_date,
        received_date,
        product_id,
        cast(null as varchar) as category,
        -- The cheap test first: few shops send the brand with every click.
        case when properties like '%"brand"%' then {{ json_text('properties', 'brand') }} end as brand,
        {{ count_if("event_type = 'product_viewed'") }} as n_views,
        {{ count_if("event_type = 'cart_added'") }} as n_cart_adds,
        cast(0 as bigint) as n_lines,
        cast(0 as bigint) as n_discounted_lines,
        cast(0 as decimal(18, 4)) as amount,
        cast(0 as decimal(18, 4)) as list_amount,
        cast(0 as decimal(18, 4)) as discount_amount,
        cast(0 as decimal(18, 4)) as discounted_amount
    from events
    group by
        anchor_key,
        login_key,
        login_known_date,
        event_date,
        received_date,
        product_id,
        case when properties like '%"brand"%' then {{ json_text('properties', 'brand') }} end

),

bought as (

    select
        anchor_key,
        login_key,
        login_known_date,
        event_date,
        received_date,
        product_id,
        line_category as category,
        cast(null as varchar) as brand,
        cast(0 as bigint) as n_views,
        cast(0 as bigint) as n_cart_adds,
        count(*) as n_lines,
        {{ count_if('discount_amount > 0') }} as n_discounted_lines,
        {{ money_if('amount', 'true') }} as amount,
        {{ money_if('list_amount', 'true') }} as list_amount,
        {{ money_if('discount_amount', 'true') }} as discount_amount,
        {{ money_if('amount', 'discount_amount > 0') }} as discounted_amount
    from {{ ref('int_order_lines') }}
    where event_type = 'order_completed' and anchor_key is not null
    group by anchor_key, login_key, login_known_date, event_date, received_date, product_id, line_category

),

final as (

    select * from looked_at
    union all
    select * from bought

)

select * from final
