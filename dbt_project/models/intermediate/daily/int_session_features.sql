-- One row per session and its first day: the session features, as the live service has them after its last event.
with events as (

    select
        session_id,
        event_date,
        event_type,
        occurred_at,
        page_type,
        referrer,
        campaign,
        device_type,
        product_id,
        category,
        query,
        unit_price,
        dwell_ms,
        scroll_depth,
        properties,
        is_session_start
    from {{ ref('int_events').render() }}
    where session_id is not null and {{ in_batch_and_neighbours() }}

),

openings as (

    select
        session_id,
        event_date
    from events
    where is_session_start and {{ in_batch() }}

),

session_events as (

    select
        events.*,
        openings.event_date as session_date
    from openings
    inner join events
        on
            openings.session_id = events.session_id
            and events.event_date >= {{ days_after('openings.event_date', -1) }}
            and events.event_date <= {{ days_after('openings.event_date', 1) }}

),

reduced as (

    select
        session_id,
        session_date,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        {{ session_feature_aggregates() }}
    from session_events as events
    group by session_id, session_date

),

counts as (

    {{ session_feature_key_counts('session_events') }}

),

keyed as (

    select
        reduced.session_id,
        reduced.session_date,
        {{ session_feature_key_columns() }}
    from counts
    inner join reduced
        on counts.session_id = reduced.session_id and counts.session_date = reduced.session_date
    group by reduced.session_id, reduced.session_date, reduced.ended_at

),

final as (

    select
        reduced.session_id,
        reduced.session_date as event_date,
        {{ session_feature_columns() }}
    from reduced
    left join keyed
        on reduced.session_id = keyed.session_id and reduced.session_date = keyed.session_date

)

select * from final
