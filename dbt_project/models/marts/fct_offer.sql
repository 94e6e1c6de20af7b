-- One row per offer drawn at random, with its propensity and what followed (null where nothing was observed yet).
with offers as (

    select
        *,
        coalesce(personalization_id, event_id) as assignment_id
    from {{ ref('int_events') }}
    where event_type = 'offer_assigned' and not is_bot

),

first_reports as (

    select
        *,
        row_number() over (partition by assignment_id order by received_at, occurred_at, event_id) as place
    from offers

),

outcomes as (

    select * from {{ ref('fct_outcome') }}
    where assignment_id is not null

),

final as (

    select
        first_reports.assignment_id,
        {{ tracked_customer_of() }} as customer_id,
        first_reports.experiment_id,
        {{ json_text('first_reports.properties', 'placement') }} as placement,
        {{ json_text('first_reports.properties', 'arm') }} as arm,
        cast({{ json_text('first_reports.properties', 'propensity') }} as decimal(18, 9)) as propensity,
        first_reports.occurred_at as assigned_at,
        first_reports.event_date as assigned_date,
        outcomes.occurred_at as observed_at,
        outcomes.is_converted,
        outcomes.revenue_amount,
        outcomes.margin_amount,
        first_reports.is_simulated
    from first_reports
    left join outcomes on first_reports.assignment_id = outcomes.assignment_id
    {{ customer_joins('first_reports') }}
    where first_reports.place = 1

)

select * from final
