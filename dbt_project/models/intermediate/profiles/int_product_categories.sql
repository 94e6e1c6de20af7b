-- One row per product and spell of days in which the catalogue was known to give it one category.
with catalogue as (

    select
        product_id,
        category,
        received_date,
        row_number() over (
            partition by product_id, received_date order by received_at desc, occurred_at desc, event_id desc
        ) as place
    from {{ ref('int_events') }}
    where event_type = 'product_updated' and product_id is not null

),

final as (

    select
        product_id,
        category,
        received_date as known_from_date,
        coalesce(
            lead(received_date) over (partition by product_id order by received_date),
            cast('9999-12-31' as date)
        ) as known_to_date
    from catalogue
    where place = 1

)

select * from final
