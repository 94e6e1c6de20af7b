-- One row per decision that was really shown, at its first showing.
with exposures as (

    select
        *,
        row_number() over (partition by personalization_id order by received_at, occurred_at, event_id) as place
    from {{ ref('int_events') }}
    where event_type = 'exposure_shown' and personalization_id is not null and not is_bot

),

decisions as (

    select * from {{ ref('fct_decision') }}

),

final as (

    select
        exposures.personalization_id,
        coalesce({{ tracked_customer_of() }}, decisions.customer_id) as customer_id,
        exposures.occurred_at as shown_at,
        exposures.event_date as exposure_date,
        exposures.received_at,
        coalesce({{ json_text('exposures.properties', 'placement') }}, decisions.placement) as placement,
        coalesce({{ json_text('exposures.properties', 'action') }}, decisions.action) as action,
        decisions.propensity,
        decisions.rung,
        decisions.segment_id,
        decisions.snapshot_version,
        coalesce(exposures.experiment_id, decisions.experiment_id) as experiment_id,
        decisions.experiment,
        decisions.experiment_version,
        decisions.arm,
        decisions.unit_type,
        decisions.unit_id,
        decisions.context_bucket,
        decisions.probabilities,
        decisions.conditional_propensity,
        decisions.table_version,
        decisions.draw_u,
        decisions.traffic,
        decisions.shadow,
        coalesce(exposures.session_id, decisions.session_id) as session_id,
        {{ is_refused() }} or coalesce(decisions.is_refused, false) as is_refused,
        coalesce(decisions.is_bot, false) as is_bot,
        exposures.is_simulated
    from exposures
    left join decisions on exposures.personalization_id = decisions.personalization_id
    {{ customer_joins('exposures') }}
    where exposures.place = 1

)

select * from final
