-- One row per profile that holds an identifier at the run's moment.
with run as (

    select max(run_context.as_of) as as_of from {{ source('ops', 'run_context') }} as run_context

),

canonical as (

    select * from {{ source('identity', 'canonical') }}

),

held as (

    -- A shared cookie has one owner a day; who holds it now counts.
    select
        assignment.canonical_id,
        assignment.identifier_key,
        assignment.tier
    from {{ source('identity', 'identity_assignment') }} as assignment
    inner join run
        on
            assignment.system_from < run.as_of
            and assignment.system_to >= run.as_of
            and assignment.valid_from < run.as_of
            and assignment.valid_to >= run.as_of

),

final as (

    select
        held.canonical_id as customer_id,
        count(*) as n_identifiers,
        {{ count_if("held.tier = 'probable'") }} as n_probable,
        {{ count_if("identifier.type in (" ~ literals(var('strong_identifier_types')) ~ ")") }} > 0 as is_known,
        coalesce(max(canonical.status) = 'quarantined', false) as is_quarantined
    from held
    inner join {{ source('identity', 'identifier') }} as identifier
        on held.identifier_key = identifier.identifier_key
    left join canonical on held.canonical_id = canonical.canonical_id
    group by held.canonical_id

)

select * from final
