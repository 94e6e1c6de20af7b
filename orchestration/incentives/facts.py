"""What was known of a customer at any moment: one query for offers of the past and for everybody now.

It sees whole UTC days before the moment only, by occurrence and by arrival. Identities and consent are today's: a later
merge joins two histories, it adds none.
"""

from __future__ import annotations

from typing import Final

SOURCE: Final = "intermediate.int_customer_activity_daily"
# `asked` has row, customer_id and day. Money is added as decimals, so that no thread changes a digit.
FACTS: Final = f"""
    with seen as (
        select asked.row, date_diff('day', activity.event_date, asked.day) as age, activity.*
        from asked inner join {SOURCE} as activity
            on asked.customer_id = activity.customer_id
            and activity.event_date < asked.day and activity.received_date < asked.day
    ),
    sums as (
        select row,
            cast(sum(case when age <= 365 then n_orders else 0 end) as double) as orders_365d,
            cast(sum(case when age <= 91 then n_orders else 0 end) as double) as orders_91d,
            cast(sum(case when age <= 365 then n_store_orders else 0 end) as double) as store_orders,
            cast(sum(case when age <= 365 then n_weekend_orders else 0 end) as double) as weekend_orders,
            cast(sum(case when age <= 365 then order_amount else 0 end) as double) as amount,
            cast(sum(case when age <= 365 then discount_amount else 0 end) as double) as discount,
            cast(sum(case when age <= 365 then n_coupons else 0 end) as double) as coupons_365d,
            cast(sum(case when age <= 91 then n_sessions else 0 end) as double) as sessions_91d,
            cast(sum(case when age <= 91 then n_product_views else 0 end) as double) as product_views_91d,
            cast(sum(case when age <= 91 then n_cart_adds else 0 end) as double) as cart_adds_91d,
            cast(min(case when n_orders > 0 then age end) as double) as recency_days,
            cast(max(age) as double) as tenure_days
        from seen group by row
    )
    select asked.row,
        orders_365d, orders_91d,
        amount / nullif(orders_365d, 0) as basket_amount,
        discount / nullif(amount + discount, 0) as discount_share,
        store_orders / nullif(orders_365d, 0) as store_share,
        weekend_orders / nullif(orders_365d, 0) as weekend_share,
        coupons_365d, sessions_91d, product_views_91d, cart_adds_91d, recency_days, tenure_days
    from asked left join sums on asked.row = sums.row order by asked.row
"""
# Feature → what a high and a low value say of a customer, for reasons that people read.
WORDS: Final = {
    "orders_365d": ("orders often", "orders seldom"),
    "orders_91d": ("ordered often lately", "ordered little lately"),
    "basket_amount": ("fills large baskets", "fills small baskets"),
    "discount_share": ("buys much at a discount", "buys little at a discount"),
    "store_share": ("buys in stores mostly", "buys outside of stores"),
    "weekend_share": ("buys on weekends", "buys on working days"),
    "coupons_365d": ("redeems coupons", "redeems no coupons"),
    "sessions_91d": ("visits often", "visits seldom"),
    "product_views_91d": ("looks at many products", "looks at few products"),
    "cart_adds_91d": ("fills carts often", "fills carts seldom"),
    "recency_days": ("has not ordered for long", "ordered a short while ago"),
    "tenure_days": ("has been known for long", "has been known for a short while"),
}
FEATURES: Final = tuple(WORDS)
# Randomised offers with what followed, and shown decisions of the service whose outcome was reported. A decision counts
# only where no action of its placement was blocked: one that could not be drawn has no propensity there.
OFFERS: Final = """
    with decided as (
        select d.personalization_id, d.customer_id, d.placement, d.action as arm,
            cast(d.propensity as double) as propensity, d.decided_at as assigned_at,
            json_array_length(d.eligible) as open,
            max(json_array_length(d.eligible)) over (partition by d.placement) as most
        from marts.fct_decision as d
        inner join marts.fct_exposure as e on d.personalization_id = e.personalization_id
        where not d.is_bot
    ),
    offers as (
        select assignment_id, customer_id, placement, arm, cast(propensity as double) as propensity, assigned_at,
            is_converted, cast(margin_amount as double) as margin_amount
        from marts.fct_offer
        union all
        select d.personalization_id, d.customer_id, d.placement, d.arm, d.propensity, d.assigned_at, o.is_converted,
            cast(o.margin_amount as double)
        from decided as d inner join marts.fct_outcome as o on d.personalization_id = o.assignment_id
        where d.open = d.most
    )
    select offers.customer_id, coalesce(placement, 'unnamed') as placement, arm, propensity, is_converted,
        margin_amount, cast(assigned_at as date) as day
    from offers inner join marts.customer_consent as consent on offers.customer_id = consent.customer_id
    where consent.is_profiled and assigned_at < (select max(as_of) from ops.run_context)
    order by assigned_at, assignment_id
"""
# Whoever may be offered something because of a profile: that purpose, price profiling, and one channel of marketing.
PEOPLE: Final = """
    select consent.customer_id
    from marts.customer_consent as consent inner join marts.dim_customer as people
        on consent.customer_id = people.customer_id
    where consent.is_profiled and consent.profiling_price and ({marketing})
    order by consent.customer_id
"""
