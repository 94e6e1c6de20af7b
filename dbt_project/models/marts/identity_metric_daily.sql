-- One row per day, measure and dimension. Match rates and ledger events for every day, the ledger's state for today.
with run as (

    select
        cast(max(run_context.as_of) as date) as run_date,
        max(run_context.as_of) as as_of
    from {{ source('ops', 'run_context') }} as run_context

),

profiles as (

    select
        *,
        case
            when n_identifiers = 1 then '1'
            when n_identifiers <= 3 then '2-3'
            when n_identifiers <= 10 then '4-10'
            else '11+'
        end as size_class
    from {{ ref('int_identity_profiles') }}

),

neighbours as (

    select
        identifier_key,
        type,
        count(*) as n_profiles
    from {{ ref('int_identity_neighbours') }}
    group by identifier_key, type

),

totals as (

    select
        cast(count(*) as decimal(18, 6)) as profiles,
        cast({{ count_if('is_known') }} as decimal(18, 6)) as known_profiles,
        cast({{ count_if('is_quarantined') }} as decimal(18, 6)) as quarantined_profiles,
        cast(coalesce(max(n_identifiers), 0) as decimal(18, 6)) as largest_profile,
        coalesce({{ ratio('sum(n_probable)', 'sum(n_identifiers)') }}, 0) as probable_identifiers,
        coalesce({{ ratio(count_if('n_probable > 0'), 'count(*)') }}, 0) as probable_profiles
    from profiles

),

states as (

    {% for column, metric, dimension in [
        ('profiles', 'profiles', ''),
        ('known_profiles', 'known_profiles', ''),
        ('quarantined_profiles', 'quarantined_profiles', ''),
        ('largest_profile', 'largest_profile', ''),
        ('probable_identifiers', 'probable_share', 'identifiers'),
        ('probable_profiles', 'probable_share', 'profiles'),
    ] %}
        select
            '{{ metric }}' as metric,
            '{{ dimension }}' as dimension,
            {{ column }} as value
        from totals
        union all
    {% endfor %}
    select
        'profiles_by_size' as metric,
        size_class as dimension,
        cast(count(*) as decimal(18, 6)) as value
    from profiles
    group by size_class
    union all
    select
        'profiles_per_address' as metric,
        type as dimension,
        {{ ratio('sum(n_profiles)', 'count(*)') }} as value
    from neighbours
    group by type
    union all
    select
        concat('identifiers_', status) as metric,
        concat(type, ': ', coalesce(reason, 'no reason given')) as dimension,
        cast(count(*) as decimal(18, 6)) as value
    from {{ source('identity', 'identifier') }}
    where status in ('shared', 'blocked')
    group by status, type, reason

),

match_rates as (

    select
        event_date as metric_date,
        'match_rate' as metric,
        source as dimension,
        match_rate as value
    from {{ ref('match_rate_daily') }}

),

ledger_events as (

    select
        cast(ledger.at as date) as metric_date,
        concat('identity_', ledger.type) as metric,
        '' as dimension,
        cast(count(*) as decimal(18, 6)) as value
    from {{ source('identity', 'identity_event') }} as ledger
    cross join run
    where ledger.at < run.as_of
    group by cast(ledger.at as date), ledger.type

),

final as (

    select
        run.run_date as metric_date,
        states.metric,
        states.dimension,
        states.value
    from states
    cross join run
    union all
    select * from match_rates
    union all
    select * from ledger_events

)

select * from final
