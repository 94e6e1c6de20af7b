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
        {{ json_text('decisions.properties', 'experiment') }} as experiment,
        try_cast({{ json_text('decisions.properties', 'experiment_version') }} as integer) as experiment_version,
        {{ json_text('decisions.properties', 'arm') }} as arm,
        {{ json_text('decisions.properties', 'unit_type') }} as unit_type,
        {{ json_text('decisions.properties', 'unit_id') }} as unit_id,
        {{ json_text('decisions.properties', 'context_bucket') }} as context_bucket,
        {{ json_text('decisions.properties', 'probabilities') }} as probabilities,
        try_cast({{ json_text('decisions.properties', 'conditional_propensity') }} as decimal(18, 9))
            as conditional_propensity,
        {{ json_text('decisions.properties', 'table_version') }} as table_version,
        try_cast({{ json_text('decisions.properties', 'draw_u') }} as decimal(18, 17)) as draw_u,
        {{ json_text('decisions.properties', 'traffic') }} as traffic,
        {{ json_text('decisions.properties', 'shadow') }} as shadow,
        -- In the context alone: a decision is no event of the visit, and must not open or lengthen one.
        coalesce(decisions.session_id, {{ json_text('decisions.properties', 'context.session_id') }}) as session_id,
        {{ is_refused() }} as is_refused,
        decisions.is_bot,
        decisions.is_simulated
    from decisions
    {{ customer_joins('decisions') }}

)

select * from final
