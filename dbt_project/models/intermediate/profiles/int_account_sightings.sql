-- One row per account, customer (or none) and kind of evidence.
with sightings as (

    select * from {{ ref('int_account_sighting_daily') }}

),

addresses as (

    select * from {{ source('identity', 'account_address') }}

),

final as (

    select
        coalesce(addresses.account_id, concat('domain:', sightings.value)) as account_id,
        {{ tracked_customer_of() }} as customer_id,
        sightings.evidence,
        min(sightings.first_occurred_at) as first_seen_at,
        max(sightings.last_occurred_at) as last_seen_at,
        cast(sum(sightings.n_observed) as bigint) as n_observed
    from sightings
    left join addresses
        on sightings.value = addresses.value_hash and sightings.evidence = 'ip'
    {{ customer_joins('sightings') }}
    where sightings.evidence = 'email_domain' or addresses.account_id is not null
    group by
        coalesce(addresses.account_id, concat('domain:', sightings.value)),
        {{ tracked_customer_of() }},
        sightings.evidence

)

select * from final
