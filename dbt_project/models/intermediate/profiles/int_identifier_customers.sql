-- One row per identifier that belongs to a customer at the run's moment.
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
        known.is_known
    from assigned
    inner join known on assigned.customer_id = known.customer_id

)

select * from final
