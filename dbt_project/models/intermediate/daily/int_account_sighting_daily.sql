-- One row per anchor identifier, login in force, kind of evidence and its value, day of occurrence and day of arrival.
with events as (

    select
        anchor_key,
        login_key,
        event_date,
        received_date,
        occurred_at,
        identifiers,
        -- The cheap test first: orders carry kilobytes of lines that need no parsing here.
        case when properties like '%"email_domain"%' then {{ json_text('properties', 'email_domain') }} end
            as email_domain
    from {{ ref('int_events') }}
    where anchor_key is not null and not is_bot and is_identity_trusted

),

exploded as (

    {{ explode_identifiers('events', ['anchor_key', 'login_key', 'event_date', 'received_date', 'occurred_at']) }}

),

sightings as (

    select
        anchor_key,
        login_key,
        event_date,
        received_date,
        occurred_at,
        'email_domain' as evidence,
        email_domain as value
    from events
    where email_domain is not null
    union all
    select
        anchor_key,
        login_key,
        event_date,
        received_date,
        occurred_at,
        'ip' as evidence,
        identifier.value
    from exploded
    where identifier.type = 'ip'

),

final as (

    select
        anchor_key,
        login_key,
        evidence,
        value,
        event_date,
        received_date,
        min(occurred_at) as first_occurred_at,
        max(occurred_at) as last_occurred_at,
        count(*) as n_observed
    from sightings
    group by anchor_key, login_key, evidence, value, event_date, received_date

)

select * from final
