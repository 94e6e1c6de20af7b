-- One row per placement, segment (-1 is everyone), context bucket and action.
with decisions as (

    select * from {{ source('ml', 'decision_table') }}

),

final as (

    select
        placement,
        segment_id,
        context_bucket,
        action,
        score,
        basis,
        n,
        as_of
    from decisions

)

select * from final
