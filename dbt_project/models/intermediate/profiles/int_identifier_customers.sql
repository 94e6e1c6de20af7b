-- One row per identifier and spell of days in which it belongs to one customer, as known at the run's moment.
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail') }}
-- depends_on: {{ source('refresh', 'customer') }}
-- depends_on: {{ source('refresh', 'identifier') }}
with cutoffs as (

    {{ current_cutoff() }}

),

assigned as (

    {{ assignments_at() }}

),

known as (

    {{ feature_identifiers() }}

),

final as (

    select
        assigned.identifier_key,
        assigned.customer_id,
        assigned.valid_from_date,
        assigned.valid_to_date,
        known.is_known,
        coalesce(consent.analytics, false) as is_tracked
    from assigned
    inner join known on assigned.customer_id = known.customer_id
    left join {{ ref('int_customer_consent') }} as consent on assigned.customer_id = consent.customer_id
    where {{ is_touched('assigned.customer_id') }}

)

select * from final
