-- One row per decision of the service, as logged by it.
with decisions as (

    select * from {{ ref('int_events') }}
    where event_type = 'decision_made' and personalization_id is not null

),

final as (

    select
        decisions.personalization_id,
        {{ json_text('decisions.properties', 'placement') }} as placement,
        {{ tracked_customer_of() }} as customer_id,
        decisions.occurred_at as decided_at,
        decisions.event_date as decision_date,
        {{ json_text('decisions.properties', 'action') }} as action,
        cast({{ json_text('decisions.properties', 'propensity') }} as decimal(18, 9)) as propensity,
        {{ json_text('decisions.properties', 'rung') }} as rung,
        cast({{ json_text('decisions.properties', 'segment_id') }} as integer) as segment_id,
        {{ json_text('decisions.properties', 'reason') }} as reason,
        {{ json_text('decisions.properties', 'eligible') }} as eligible,
        {{ json_text('decisions.properties', 'blocked') }} as blocked,
        {{ json_text('decisions.properties', 'snapshot_version') }} as snapshot_version,
        decisions.experiment_id,
        decisions.is_bot,
        decisions.is_simulated
    from decisions
    {{ customer_joins('decisions') }}

)

select * from final
