-- One row per customer of the frame, cut-off and further horizon with an order in it; who has no row there did not
-- order, or is none that models may learn from.
with windows as (

    select
        label_window.as_of,
        label_window.horizon_days
    from {{ source('ops', 'label_window') }} as label_window
    inner join {{ source('ops', 'run_context') }} as run_context
        on cast({{ days_after('label_window.as_of', 'label_window.horizon_days') }} as timestamp) <= run_context.as_of

),

labels as (

    {{ labels_after('windows') }}

),

learned_from as (

    select distinct
        as_of,
        customer_id
    from {{ ref('training_frame') }}

),

final as (

    select labels.*
    from labels
    inner join learned_from
        on
            labels.as_of = learned_from.as_of
            and labels.customer_id = learned_from.customer_id

)

select * from final
