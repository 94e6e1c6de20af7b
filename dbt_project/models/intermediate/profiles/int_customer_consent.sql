-- One row per customer, tracked or not: what was said of each purpose, and whether it is allowed, as of the run.
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail') }}
-- depends_on: {{ source('refresh', 'customer') }}
-- depends_on: {{ source('refresh', 'identifier') }}
with cutoffs as (

    select
        as_of,
        as_of as known_at
    from {{ source('ops', 'run_context') }}

),

assigned as (

    {{ assignments_at() }}

),

places as (

    select
        as_of,
        customer_id,
        max(last_country) as last_country,
        max(last_country_region) as last_country_region
    from {{ visible_rows(ref('int_identifier_daily')) }} as visible
    group by as_of, customer_id

),

consent as (

    {{ feature_consent(exact=true) }}

),

regimes as (

    {{ consent_regimes() }}

),

final as (

    select
        coalesce(places.customer_id, consent.customer_id) as customer_id,
        coalesce(places.as_of, consent.as_of) as as_of,
        places.last_country.seen as country,
        nullif(places.last_country_region.seen, '') as region,
        {{ consent_outcomes() }}
    from places
    full outer join consent on places.customer_id = consent.customer_id
    {{ regime_joins('places') }}
    where {{ is_touched('coalesce(places.customer_id, consent.customer_id)') }}

)

select * from final
