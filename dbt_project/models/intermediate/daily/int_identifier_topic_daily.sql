-- One row per anchor identifier, login in force, day of occurrence and of arrival, event type, topic and value: what
-- happens around orders and what people say of themselves. Answers are the topic's value, other values are reasons.
with events as (

    select * from {{ ref('int_events') }}
    where
        anchor_key is not null
        and not is_bot
        and (
            event_type in ({{ literals(topic_event_types()) }})
            or (event_type = 'profile_updated' and properties like '%"zero_party"%')
        )

),

told as (

    select
        *,
        case
            when event_type = 'survey_answered' then {{ plain_name(json_text('properties', 'question')) }}
        end as topic,
        case
            when event_type in ('return_requested', 'return_received', 'delivery_failed', 'subscription_cancelled')
                then {{ json_text('properties', 'reason') }}
            when event_type in ('support_ticket_opened', 'support_ticket_solved')
                then {{ plain_name(json_text('properties', 'topic')) }}
            when event_type = 'survey_answered' then {{ json_text('properties', 'answer') }}
            when event_type = 'beacon_seen' then store_id
        end as value,
        case
            when event_type = 'review_written' then {{ json_decimal('properties', 'rating') }}
            when event_type = 'support_ticket_solved' then {{ json_decimal('properties', 'satisfaction') }}
            when event_type = 'survey_answered' then {{ json_decimal('properties', 'score') }}
        end as score,
        case
            when event_type = 'beacon_seen' then cast(dwell_ms as decimal(18, 3))
            when event_type in ('points_earned', 'points_spent') then abs(quantity)
        end as measure
    from events
    where event_type <> 'profile_updated'

),

declared as (

    {{ explode_json_object(
        'events', ['anchor_key', 'login_key', 'login_known_date', 'event_date', 'received_date', 'event_type',
        'occurred_at'], 'zero_party', 'event_type = \'profile_updated\''
    ) }}

),

rows_told as (

    select
        anchor_key,
        login_key,
        login_known_date,
        event_date,
        received_date,
        event_type,
        occurred_at,
        topic,
        value,
        score,
        measure
    from told
    union all
    select
        anchor_key,
        login_key,
        login_known_date,
        event_date,
        received_date,
        event_type,
        occurred_at,
        {{ plain_name('member') }} as topic,
        member_value as value,
        cast(null as decimal(18, 3)) as score,
        cast(null as decimal(18, 3)) as measure
    from declared

),

final as (

    select
        anchor_key,
        login_key,
        login_known_date,
        event_date,
        received_date,
        event_type,
        topic,
        value,
        count(*) as n,
        cast(coalesce(sum(measure), 0) as decimal(18, 3)) as measure,
        cast(coalesce(sum(score), 0) as decimal(18, 3)) as score,
        {{ count_if('score is not null') }} as n_scores,
        {{ latest('score', 'occurred_at') }} as last_score,
        max(occurred_at) as last_at
    from rows_told
    -- Age, income or health are never a signal, whoever tells them.
    where topic is null or not {{ names_something_sensitive('topic') }}
    group by anchor_key, login_key, login_known_date, event_date, received_date, event_type, topic, value

)

select * from final
