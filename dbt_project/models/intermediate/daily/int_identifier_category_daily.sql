-- One row per anchor identifier, login in force, category browsed, day of occurrence and day of arrival.
with events as (

    select * from {{ ref('int_events') }}
    where
        anchor_key is not null
        and not is_bot
        and category is not null
        and event_type in ('page_viewed', 'product_viewed', 'cart_added')

),

final as (

    select
        anchor_key,
        login_key,
        login_known_date,
        event_date,
        received_date,
        category,
        {{ count_if("event_type <> 'cart_added'") }} as n_views,
        {{ count_if("event_type = 'cart_added'") }} as n_cart_adds
    from events
    group by anchor_key, login_key, login_known_date, event_date, received_date, category

)

select * from final
