-- One row per event that tells of an outcome: its kind, what tells outcomes of the kind apart, what it says, and its
-- place among the reports of the same outcome. Reported again, or by a second source, it is the same outcome.
{{
    config(
        materialized='incremental',
        incremental_strategy='touched',
        unique_key=['event_id'],
        on_schema_change='fail',
        meta={'touched_day': 'event_date', 'touched_outcome': {'event_id': 'event_id'}},
    )
}}
-- depends_on: {{ source('refresh', 'day') }}
-- depends_on: {{ source('refresh', 'outcome_event') }}
with events as (

    select
        *,
        {{ outcome_kind() }} as event_kind,
        -- Without an id of its own a refund is told by its order, amount and place among equal ones of its source.
        row_number() over (
            partition by event_type, order_id, amount, source order by occurred_at, received_at, event_id
        ) as place_among_equal
    from {{ ref('int_events') }}
    where
        event_type in ({{ outcome_event_types() }})
        and not is_bot
        and {{ is_told_again('event_id', 'event_date') }}

),

told as (

    select
        *,
        coalesce(
            {{ stated_outcome_key() }},
            case
                when event_kind = 'refund'
                    then concat(order_id, ':', cast(amount as varchar), ':', cast(place_among_equal as varchar))
            end
        ) as outcome_key,
        case
            when event_kind = 'report' then {{ json_money('properties', 'revenue_amount') }}
            when event_kind = 'order' then amount
            when event_kind = 'refund' then -abs(amount)
        end as told_revenue,
        case
            when event_kind = 'refund' then -abs({{ json_money('properties', 'margin_amount') }})
            else {{ json_money('properties', 'margin_amount') }}
        end as told_margin
    from events
    where event_kind is not null

),

final as (

    select
        event_id,
        event_kind,
        outcome_key,
        case
            when outcome_key is not null
                then row_number() over (
                        partition by event_kind, outcome_key order by received_at, occurred_at, event_id
                    )
        end as report_place,
        occurred_at,
        received_at,
        event_date,
        session_id,
        order_id,
        experiment_id,
        personalization_id,
        max(personalization_id) over same_outcome as any_personalization_id,
        told_revenue,
        told_margin,
        max(told_margin) over same_outcome as any_margin,
        {{ json_money('properties', 'cost_amount') }} as cost_amount,
        {{ json_money('properties', 'ltv_change_amount') }} as ltv_change_amount,
        case
            when event_kind = 'order' then true
            when event_kind = 'report' then coalesce({{ json_text('properties', 'converted') }} = 'true', false)
        end as is_converted,
        case
            when event_kind = 'survey'
                then coalesce({{ json_decimal('properties', 'score') }}, {{ json_decimal('properties', 'answer') }})
        end as value,
        case
            when event_kind = 'survey' then {{ json_text('properties', 'question') }}
            when event_kind = 'complaint' then {{ json_text('properties', 'topic') }}
            when event_kind = 'return' then {{ json_text('properties', 'reason') }}
        end as topic,
        case
            when event_type = 'delivery_promised' then {{ json_date('properties', 'promised_date') }}
        end as promised_date,
        anchor_key,
        login_key,
        is_simulated
    from told
    window same_outcome as (partition by event_kind, outcome_key)

)

select * from final
