-- One row per account, customer and kind of evidence; a relation between profiles, never a reason to merge them.
{{ config(schema='identity') }}
with sightings as (

    select * from {{ ref('int_account_sightings') }}

),

final as (

    select
        account_id,
        customer_id,
        evidence,
        first_seen_at,
        last_seen_at,
        n_observed
    from sightings
    where customer_id is not null

)

select * from final
