-- One row per assignment or exposure with an observed outcome; a repeated report does not count again.
with outcomes as (

    select
        *,
        coalesce({{ json_text('properties', 'assignment_id') }}, personalization_id) as assignment_id
    from {{ ref('int_events') }}
    where event_type = 'outcome_observed' and not is_bot

),

first_reports as (

    select
        *,
        row_number() over (partition by assignment_id order by received_at, occurred_at, event_id) as place
    from outcomes
    where assignment_id is not null

),

final as (

    select
        first_reports.assignment_id,
        {{ tracked_customer_of() }} as customer_id,
        first_reports.experiment_id,
        first_reports.occurred_at as observed_at,
        first_reports.event_date as outcome_date,
        coalesce({{ json_text('first_reports.properties', 'converted') }} = 'true', false) as is_converted,
        cast({{ json_text('first_reports.properties', 'revenue_amount') }} as decimal(18, 4)) as revenue_amount,
        cast({{ json_text('first_reports.properties', 'margin_amount') }} as decimal(18, 4)) as margin_amount,
        first_reports.is_simulated
    from first_reports
    {{ customer_joins('first_reports') }}
    where first_reports.place = 1

)

select * from final
