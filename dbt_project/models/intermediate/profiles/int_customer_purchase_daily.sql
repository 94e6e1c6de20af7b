-- One row per customer, product, day of purchase and day of arrival, by the identities of this run; without categories
-- that are no signal of a person.
{{ config(materialized='view') }}
with bought as (

    select
        {{ tracked_customer_of() }} as customer_id,
        lines.product_id,
        coalesce(products.category, lines.category, 'unknown') as category,
        lines.event_date,
        lines.received_date,
        cast(sum(lines.n_lines) as bigint) as n_lines,
        cast(sum(lines.n_discounted_lines) as bigint) as n_discounted_lines,
        cast(sum(lines.amount) as decimal(18, 4)) as amount,
        cast(sum(lines.list_amount) as decimal(18, 4)) as list_amount,
        cast(sum(lines.discount_amount) as decimal(18, 4)) as discount_amount
    from {{ ref('int_identifier_product_daily') }} as lines
    {{ customer_joins('lines') }}
    left join {{ ref('dim_product') }} as products on lines.product_id = products.product_id
    where lines.n_lines > 0 and lines.product_id is not null and {{ tracked_customer_of() }} is not null
    group by
        {{ tracked_customer_of() }},
        lines.product_id,
        coalesce(products.category, lines.category, 'unknown'),
        lines.event_date,
        lines.received_date

),

final as (

    select bought.*
    from bought
    where bought.category not in (select delicate.category from {{ ref('int_sensitive_categories') }} as delicate)

)

select * from final
