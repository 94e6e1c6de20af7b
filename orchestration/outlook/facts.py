"""What was known of purchases at a cut-off, and what followed: one query a question, the same for the past and for now.

Every query sees days before `$at` only, by occurrence and by arrival; labels see the horizon after it, as known when
it closed. `order_day` and `purchase_day` are the two views, read once. Identities and categories are today's: a later
merge joins two histories, it adds none.
"""

from __future__ import annotations

from typing import Final

ORDER_DAYS: Final = """
    with seen as (
        select customer_id, event_date, lag(event_date) over (partition by customer_id order by event_date) as before
        from (
            select distinct customer_id, event_date from order_day
            where event_date < $at and received_date < $at
        ) as days
    ),
    later as (
        select customer_id, min(event_date) as first_day from order_day
        where event_date >= $at and event_date < $at + $horizon and received_date < $at + $horizon
        group by customer_id
    )
    select seen.customer_id, count(*) as n_days, date_diff('day', max(seen.event_date), $at) as recency_days,
        avg(date_diff('day', seen.before, seen.event_date)) as mean_gap_days,
        date_diff('day', $at, min(later.first_day)) + 1 as next_days
    from seen left join later on seen.customer_id = later.customer_id
    group by seen.customer_id order by seen.customer_id
"""
CATEGORIES: Final = """
    select customer_id, category, count(distinct event_date) as n_days, cast(sum(list_amount) as double) as amount
    from purchase_day
    where event_date < $at and event_date >= $at - 365 and received_date < $at and category <> 'unknown'
    group by customer_id, category order by customer_id, category
"""
LATER_CATEGORIES: Final = """
    with days as (
        select customer_id, category, event_date, sum(list_amount) as amount
        from purchase_day
        where event_date >= $at and event_date < $at + $horizon and received_date < $at + $horizon
            and category <> 'unknown'
        group by customer_id, category, event_date
    )
    select customer_id, category, min(event_date) as first_day, cast(arg_min(amount, event_date) as double) as amount
    from days group by customer_id, category order by customer_id, category
"""
# What others paid for a product, in all weeks and in that week: without the customer's own lines, or else somebody who
# alone buys a product would be compared with themselves. Twenty lines of the broader figure steady the narrower one:
# what that adds to a week (`steadied`) is kept apart, since it is not known before a product's weeks are summed.
PRICES: Final = """
    with bought as (
        select customer_id, product_id, category, date_trunc('week', event_date) as week,
            cast(sum(n_lines) as double) as lines, cast(sum(n_discounted_lines) as double) as cut,
            cast(sum(list_amount) as double) as listed, cast(sum(discount_amount) as double) as discount
        from purchase_day
        where event_date < $at and event_date >= $at - 365 and received_date < $at
        group by customer_id, product_id, category, date_trunc('week', event_date)
    ),
    weeks as (
        select product_id, date_trunc('week', event_date) as week, cast(sum(n_lines) as double) as lines,
            cast(sum(n_discounted_lines) as double) as cut
        from purchase_day
        where event_date < $at and event_date >= $at - 365 and received_date < $at
        group by product_id, date_trunc('week', event_date)
    ),
    products as (select product_id, sum(lines) as lines, sum(cut) as cut from weeks group by product_id),
    categories as (
        select category, cast(sum(n_discounted_lines) as double) / sum(n_lines) as share from purchase_day
        where event_date < $at and event_date >= $at - 365 and received_date < $at
        group by category
    ),
    own as (
        select bought.customer_id, bought.product_id, sum(bought.lines) as lines, sum(bought.cut) as cut,
            sum(bought.listed) as listed, sum(bought.discount) as discount, min(categories.share) as broad,
            sum(bought.lines * (weeks.cut - bought.cut) / (weeks.lines - bought.lines + 20)) as timed,
            sum(bought.lines * 20 / (weeks.lines - bought.lines + 20)) as steadied
        from bought
        inner join weeks on bought.product_id = weeks.product_id and bought.week = weeks.week
        inner join categories on bought.category = categories.category
        group by bought.customer_id, bought.product_id
    ),
    usual as (
        select own.*, (products.cut - own.cut + 20 * own.broad) / (products.lines - own.lines + 20) as share
        from own inner join products on own.product_id = products.product_id
    )
    select customer_id, sum(lines) as n_lines, sum(cut) as cut_lines, round(sum(lines * share), 6) as usual_lines,
        round(sum(timed + steadied * share), 6) as timed_lines,
        case when sum(listed) > 0 then round(sum(discount) / sum(listed), 9) else 0 end as discount_share
    from usual group by customer_id order by customer_id
"""
LATER_PRICES: Final = """
    select customer_id,
        cast(sum(case when event_date >= $at then n_lines else 0 end) as double) as later_lines,
        cast(sum(case when event_date >= $at then n_discounted_lines else 0 end) as double) as later_cut_lines,
        cast(sum(case when event_date < $at then n_lines else 0 end) as double) as previous_lines,
        cast(sum(case when event_date < $at then n_discounted_lines else 0 end) as double) as previous_cut_lines
    from purchase_day
    where event_date >= $at - $horizon and event_date < $at + $horizon
        and received_date < case when event_date < $at then $at else $at + $horizon end
    group by customer_id order by customer_id
"""
