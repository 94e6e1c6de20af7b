-- One row per e-mail, phone or login and profile that was seen with it, whether the tie was followed or refused.
with identifiers as (

    select
        identifier_key,
        type
    from {{ source('identity', 'identifier') }}
    where type in ('email', 'phone', 'login') and status in ('active', 'shared')

),

edges as (

    select
        a_key,
        b_key
    from {{ source('identity', 'identity_edge') }}
    where state <> 'retracted' and kind = 'deterministic'

),

touching as (

    select
        a_key as identifier_key,
        b_key as other_key
    from edges
    union all
    select
        b_key as identifier_key,
        a_key as other_key
    from edges
    union all
    select
        identifier_key,
        identifier_key as other_key
    from identifiers

),

run as (

    select max(run_context.as_of) as as_of from {{ source('ops', 'run_context') }} as run_context

),

held as (

    select
        assignment.identifier_key,
        assignment.canonical_id as customer_id
    from {{ source('identity', 'identity_assignment') }} as assignment
    inner join run
        on
            assignment.system_from < run.as_of
            and assignment.system_to >= run.as_of
            and assignment.valid_from < run.as_of
            and assignment.valid_to >= run.as_of

),

final as (

    select distinct
        identifiers.identifier_key,
        identifiers.type,
        held.customer_id
    from identifiers
    inner join touching on identifiers.identifier_key = touching.identifier_key
    inner join held on touching.other_key = held.identifier_key

)

select * from final
