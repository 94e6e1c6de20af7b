"""What was known of purchases at a cut-off, and what followed: the same questions for the past and for now.

Every query sees days before `$at` only, by occurrence and by arrival; labels see the horizon after it, as known when
it closed. `order_day` and `purchase_day` are the two views, read once. Identities and categories are today's: a later
merge joins two histories, it adds none.
"""

from __future__ import annotations

from typing import Final

from ml.outlook.lines import PARTS

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
# Measures of `orchestration.purchase_ids.year_before`; whole numbers, so that sums are exact.
LINES: Final = f""",
    cast(n_lines as integer) as n_lines, cast(n_discounted_lines as integer) as cut_lines,
    cast(list_amount * {PARTS} as bigint) as listed, cast(discount_amount * {PARTS} as bigint) as discount
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
