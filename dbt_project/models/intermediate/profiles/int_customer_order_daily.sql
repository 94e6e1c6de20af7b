-- One row per customer and day with an order, by the identities of this run.
{{ config(materialized='view') }}
with final as (

    select
        {{ tracked_customer_of() }} as customer_id,
        daily.event_date,
        min(daily.received_date) as received_date,
        cast(sum(daily.n_orders) as bigint) as n_orders
    from {{ ref('int_identifier_daily') }} as daily
    {{ customer_joins('daily') }}
    where daily.n_orders > 0 and {{ tracked_customer_of() }} is not null
    group by {{ tracked_customer_of() }}, daily.event_date

)

select * from final
