-- One row per account: a company known by the e-mail domain of its people, or by an IP address listed for it.
{{ config(schema='identity') }}
with sightings as (

    select
        account_id,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from {{ ref('int_account_sightings') }}
    group by account_id

),

listed as (

    select
        account_id,
        max(account_name) as account_name,
        max(domain) as domain
    from {{ source('identity', 'account_address') }}
    group by account_id

),

final as (

    select
        coalesce(sightings.account_id, listed.account_id) as account_id,
        coalesce(listed.account_name, replace(sightings.account_id, 'domain:', '')) as account_name,
        coalesce(
            listed.domain,
            case when sightings.account_id like 'domain:%' then replace(sightings.account_id, 'domain:', '') end
        ) as domain,
        case when coalesce(sightings.account_id, listed.account_id) like 'domain:%' then 'domain' else 'ip' end as kind,
        sightings.first_seen_at,
        sightings.last_seen_at
    from sightings
    full outer join listed on sightings.account_id = listed.account_id

)

select * from final
