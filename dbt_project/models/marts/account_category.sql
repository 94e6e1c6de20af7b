-- One row per account and category that its members looked at within 91 days.
with members as (

    select distinct
        account_id,
        customer_id
    from {{ ref('account_member') }}

),

browsed as (

    select * from {{ ref('int_identifier_category_daily') }}

),

run as (

    {{ current_cutoff() }}

),

viewed as (

    select
        {{ tracked_customer_of() }} as customer_id,
        browsed.category,
        sum(browsed.n_views) as n_views,
        sum(browsed.n_cart_adds) as n_cart_adds
    from browsed
    cross join run
    {{ customer_joins('browsed') }}
    where
        browsed.event_date >= {{ days_after('run.as_of', -91) }}
        and cast(browsed.event_date as timestamp) < run.as_of
    group by {{ tracked_customer_of() }}, browsed.category

),

final as (

    select
        members.account_id,
        viewed.category,
        count(*) as n_members,
        cast(sum(viewed.n_views) as bigint) as n_views,
        cast(sum(viewed.n_cart_adds) as bigint) as n_cart_adds
    from viewed
    inner join members on viewed.customer_id = members.customer_id
    group by members.account_id, viewed.category

)

select * from final
