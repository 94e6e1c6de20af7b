-- One row per purpose, country and region: how many customers said yes, no or nothing, and how many it is allowed for.
with customers as (

    select * from {{ ref('customer_consent') }}

),

final as (

    {% for purpose in var('consent_purposes') -%}
    select
        '{{ purpose }}' as purpose,
        country,
        region,
        count(*) as customers,
        {{ count_if(purpose ~ "_word = 'granted'") }} as granted,
        {{ count_if(purpose ~ "_word = 'refused'") }} as refused,
        {{ count_if(purpose ~ "_word = 'absent'") }} as absent,
        {{ count_if(purpose) }} as allowed
    from customers
    group by country, region
    {{ "union all" if not loop.last }}
    {% endfor %}

)

select * from final
