-- One row per identifier of somebody who refuses analysis, as far as it is nobody else's.
with cutoffs as (

    select
        as_of,
        as_of as known_at
    from {{ source('ops', 'run_context') }}

),

assigned as (

    {{ assignments_at() }}

),

final as (

    select distinct assigned.identifier_key
    from assigned
    inner join {{ ref('int_customer_consent') }} as people on assigned.customer_id = people.customer_id
    inner join {{ source('identity', 'identifier') }} as identifier
        on assigned.identifier_key = identifier.identifier_key
    where people.analytics_word = 'refused' and identifier.status = 'active'

)

select * from final
