-- One row per account: what its members did, summed, at the run's moment truncated to the hour.
with accounts as (

    select * from {{ ref('account') }}

),

members as (

    select distinct
        account_id,
        customer_id
    from {{ ref('account_member') }}

),

customers as (

    select * from {{ ref('customer_features') }}

),

run as (

    {{ current_cutoff() }}

),

totals as (

    select
        members.account_id,
        count(*) as n_members,
        {{ count_if('customers.is_known') }} as n_known_members,
        {{ count_if('customers.sessions_30d > 0') }} as n_visiting_members_30d,
        cast(sum(customers.sessions_30d) as bigint) as sessions_30d,
        cast(sum(customers.product_views_30d) as bigint) as product_views_30d,
        cast(sum(customers.cart_adds_30d) as bigint) as cart_adds_30d,
        cast(sum(customers.orders_91d) as bigint) as orders_91d,
        cast(sum(customers.orders_lifetime) as bigint) as orders_lifetime,
        cast(sum(customers.spend_lifetime) as decimal(18, 4)) as spend_lifetime,
        max(customers.last_order_at) as last_order_at,
        max(customers.last_seen_at) as last_seen_at
    from members
    inner join customers on members.customer_id = customers.customer_id
    group by members.account_id

),

ranked as (

    select
        account_id,
        category,
        count(*) over (partition by account_id) as n_categories,
        row_number() over (partition by account_id order by n_views desc, n_cart_adds desc, category asc) as place
    from {{ ref('account_category') }}

),

final as (

    select
        accounts.account_id,
        run.as_of,
        accounts.account_name,
        accounts.domain,
        coalesce(totals.n_members, 0) as n_members,
        coalesce(totals.n_known_members, 0) as n_known_members,
        coalesce(totals.n_visiting_members_30d, 0) as n_visiting_members_30d,
        coalesce(totals.sessions_30d, 0) as sessions_30d,
        coalesce(totals.product_views_30d, 0) as product_views_30d,
        coalesce(totals.cart_adds_30d, 0) as cart_adds_30d,
        coalesce(totals.orders_91d, 0) as orders_91d,
        coalesce(totals.orders_lifetime, 0) as orders_lifetime,
        cast(coalesce(totals.spend_lifetime, 0) as decimal(18, 4)) as spend_lifetime,
        coalesce(ranked.n_categories, 0) as n_categories_viewed_91d,
        ranked.category as top_category_viewed,
        totals.last_order_at,
        totals.last_seen_at,
        case
            when totals.orders_91d > 0 then 'customer'
            when totals.orders_lifetime > 0 then 'lapsing'
            when totals.cart_adds_30d > 0 or totals.sessions_30d >= 3 or totals.n_visiting_members_30d >= 2
                then 'engaged'
            when totals.sessions_30d > 0 then 'visiting'
            else 'unknown'
        end as stage
    from accounts
    cross join run
    left join totals on accounts.account_id = totals.account_id
    left join ranked on accounts.account_id = ranked.account_id and ranked.place = 1

)

select * from final
