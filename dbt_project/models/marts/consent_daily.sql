-- One row per day, source and purpose: words given on it, and source rows that were left out on the day they came.
with words as (

    select
        event_date as consent_date,
        source,
        purpose,
        event_id,
        max(cast(is_granted as integer)) as is_granted
    from {{ ref('int_consent_events') }}
    group by event_date, source, purpose, event_id

),

spoken as (

    select
        consent_date,
        source,
        purpose,
        {{ total_if('is_granted', 'true') }} as granted,
        {{ count_if('is_granted = 0') }} as refused
    from words
    group by consent_date, source, purpose

),

held_back as (

    select
        suppressed_date as consent_date,
        source,
        purpose,
        {{ total_if('rows', "reason = 'refused'") }} as suppressed_refused,
        {{ total_if('rows', "reason = 'absent'") }} as suppressed_absent
    from {{ source('ops', 'suppressed') }}
    group by suppressed_date, source, purpose

),

final as (

    select
        coalesce(spoken.consent_date, held_back.consent_date) as consent_date,
        coalesce(spoken.source, held_back.source) as source,
        coalesce(spoken.purpose, held_back.purpose) as purpose,
        cast(coalesce(spoken.granted, 0) as bigint) as granted,
        cast(coalesce(spoken.refused, 0) as bigint) as refused,
        cast(coalesce(held_back.suppressed_refused, 0) as bigint) as suppressed_refused,
        cast(coalesce(held_back.suppressed_absent, 0) as bigint) as suppressed_absent
    from spoken
    full outer join held_back
        on
            spoken.consent_date = held_back.consent_date
            and spoken.source = held_back.source
            and spoken.purpose = held_back.purpose

)

select * from final
