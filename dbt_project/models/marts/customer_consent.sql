-- One row per customer, tracked or not: what was said of each purpose and what holds, at the run's moment.
with final as (

    select
        customer_id,
        as_of,
        country,
        region,
        {{ consent_columns() }},
        analytics as is_tracked,
        analytics and personalization as is_profiled
    from {{ ref('int_customer_consent') }}

)

select * from final
