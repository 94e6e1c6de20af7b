-- One row per customer and cut-off: the features as they stood then, and what followed within the horizon.
{{ config(materialized='by_cutoff') }}
{%- set closed -%}
select
    cutoff.as_of,
    cutoff.horizon_days,
    cutoff.role
from {{ source('ops', 'cutoff') }} as cutoff
inner join {{ source('ops', 'run_context') }} as run_context
    on cast({{ days_after('cutoff.as_of', 'cutoff.horizon_days') }} as timestamp) <= run_context.as_of
where {{ one_cutoff() }}
{%- endset %}
with closed as (

    {{ closed }}

),

features as (

    {{ customer_features_at('select as_of, as_of as known_at from closed') }}

),

labels as (

    {{ labels_after('closed') }}

),

final as (

    select
        {{ frame_feature_columns(['role', 'horizon_days', 'churned', 'n_orders_horizon', 'spend_horizon_amount']) }},
        closed.role,
        closed.horizon_days,
        cast(case when coalesce(labels.n_orders_horizon, 0) = 0 then 1 else 0 end as integer) as churned,
        coalesce(labels.n_orders_horizon, 0) as n_orders_horizon,
        coalesce(labels.spend_horizon_amount, 0) as spend_horizon_amount
    from features
    inner join closed on features.as_of = closed.as_of
    left join labels
        on
            features.as_of = labels.as_of
            and closed.horizon_days = labels.horizon_days
            and features.customer_id = labels.customer_id

)

select * from final
