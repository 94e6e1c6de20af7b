-- One row per customer, cut-off and further horizon with an order in it; who has no row there did not order.
with windows as (

    select
        label_window.as_of,
        label_window.horizon_days
    from {{ source('ops', 'label_window') }} as label_window
    inner join {{ source('ops', 'run_context') }} as run_context
        on cast({{ days_after('label_window.as_of', 'label_window.horizon_days') }} as timestamp) <= run_context.as_of

),

final as (

    {{ labels_after('windows') }}

)

select * from final
