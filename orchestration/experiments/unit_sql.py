"""SQL of `ml.experiment_unit`: temporary tables, one after the other; see `unit_table`."""

from __future__ import annotations

BEFORE_DAYS = 28
KEY = "experiment, experiment_version, unit_type, unit_id"
UNIT_KEY = "unit.experiment, unit.experiment_version, unit.unit_type, unit.unit_id"

# Which outcomes are a unit's: those that name one of its exposures, those of its customers, and of its visits where
# the unit is a visit or nobody is known. What becomes of an order counts with the order, however late it comes.
FOLLOWS = "'refund', 'return', 'delivery_late', 'delivery_on_time'"
UNIT = """
create or replace temp table unit as
select
    assigned.*,
    assigned.first_exposed_at + to_hours(design.window_hours) as window_ends_at,
    assigned.first_exposed_at + to_hours(design.window_hours) <= cast(? as timestamp) as is_complete
from assigned
inner join design
    on assigned.experiment = design.experiment and assigned.experiment_version = design.experiment_version
where not assigned.is_excluded
"""
HAPPENED = f"""
create or replace temp table happened as
with exposure as (select distinct {KEY}, personalization_id from shown),
customer as (select distinct {KEY}, customer_id from shown where customer_id is not null and unit_type <> 'session'),
visit as (
    select distinct {KEY}, session_id from shown
    where session_id is not null and (unit_type = 'session' or customer_id is null)
),
outcome as (
    select * from marts.fct_outcome where not coalesce(is_refused, false) and occurred_at < cast(? as timestamp)
),
mine as (
    select exposure.*exclude (personalization_id), outcome.outcome_id from outcome
    inner join exposure on outcome.personalization_id = exposure.personalization_id
    union
    select customer.*exclude (customer_id), outcome.outcome_id from outcome
    inner join customer on outcome.customer_id = customer.customer_id
    union
    select visit.*exclude (session_id), outcome.outcome_id from outcome
    inner join visit on outcome.session_id = visit.session_id
),
timely as (
    select {UNIT_KEY}, outcome.*
    from mine
    inner join unit using ({KEY})
    inner join outcome on mine.outcome_id = outcome.outcome_id
    where
        outcome.kind not in ({FOLLOWS})
        and outcome.occurred_at >= unit.first_exposed_at and outcome.occurred_at < unit.window_ends_at
),
bought as (select distinct {KEY}, order_id from timely where kind in ('order', 'report') and order_id is not null),
followed as (
    select bought.* exclude (order_id), outcome.*
    from bought inner join outcome on bought.order_id = outcome.order_id
    where outcome.kind in ({FOLLOWS}, 'complaint')
)
select * from timely
union
select * from followed
"""
# A refund without a margin of its own takes back its share of the order's.
# An exposure with a report takes its money from the report: of a unit with reports, orders are not added to them. What
# comes back later is still taken off, as the learner does; it gives no loss back that no order has brought.
AFTER = f"""
create or replace temp table after_it as
with marked as (
    select
        *,
        max(case when kind = 'report' then 1 else 0 end) over (partition by {KEY}) as has_report,
        max(case when kind = 'order' then revenue_amount end) over (partition by {KEY}, order_id) as order_revenue,
        max(case when kind = 'order' then margin_amount end) over (partition by {KEY}, order_id) as order_margin
    from happened
),
money as (
    select
        *,
        kind = 'order' and has_report = 0 or kind in ('refund', 'report') as counts,
        coalesce(
            margin_amount,
            case when kind = 'refund' then revenue_amount * order_margin / nullif(order_revenue, 0) end,
            case when kind = 'refund' then revenue_amount end
        ) as told_margin
    from marked
)
select
    {KEY},
    sum(case when counts and kind <> 'refund' and (kind = 'order' or is_converted) then 1 else 0 end) as orders,
    sum(case when counts and kind <> 'refund' then coalesce(revenue_amount, 0) else 0 end) as revenue,
    sum(
        case
            when kind = 'refund' and has_report = 1 then least(coalesce(told_margin, 0), 0)
            when counts then coalesce(told_margin, 0)
            else 0
        end
    ) as margin,
    sum(case when counts and kind = 'refund' then -coalesce(revenue_amount, 0) else 0 end) as refunds,
    sum(case when counts and margin_basis = 'revenue' then 1 else 0 end) as orders_without_margin,
    sum(case when kind = 'complaint' then 1 else 0 end) as complaints,
    sum(case when kind = 'return' then 1 else 0 end) as returns,
    sum(case when kind = 'delivery_on_time' then 1 else 0 end) as deliveries_on_time,
    sum(case when kind in ('delivery_on_time', 'delivery_late') then 1 else 0 end) as deliveries,
    sum(case when kind = 'survey' and is_fairness then value else 0 end) as fairness_points,
    sum(case when kind = 'survey' and is_fairness then 1 else 0 end) as fairness_answers,
    sum(ltv_change_amount) as reported_ltv_change
from (
    select *, coalesce(regexp_matches(lower(topic), '(^|[^a-z])(un)?fair(ness|ly)?([^a-z]|$)'), false) as is_fairness
    from money
)
group by {KEY}
"""
# Clicks and what they are clicks of: the same exposures, those of this experiment within the window.
CLICKED = f"""
create or replace temp table clicked as
with click as (
    select personalization_id, min(occurred_at) as clicked_at from marts.fct_outcome
    where kind = 'click' and not coalesce(is_refused, false) and occurred_at < cast(? as timestamp)
    group by personalization_id
)
select
    {UNIT_KEY},
    count(distinct shown.personalization_id) as exposures,
    count(distinct click.personalization_id) as clicks
from unit
inner join shown using ({KEY})
left join click on shown.personalization_id = click.personalization_id and click.clicked_at < unit.window_ends_at
where shown.shown_at < unit.window_ends_at
group by {UNIT_KEY}
"""
VISITS = f"""
create or replace temp table visited as
with own as (
    select distinct {KEY}, customer_id, cast(null as varchar) as session_id from shown
    where customer_id is not null and unit_type <> 'session'
    union
    select distinct {KEY}, cast(null as varchar), session_id from shown
    where session_id is not null and (unit_type = 'session' or customer_id is null)
),
session as (
    select session_id, customer_id, started_at, ended_at, duration_ms, is_bounce from marts.fct_session
    where not is_bot and started_at < cast(? as timestamp)
),
seen as (
    select own.* exclude (customer_id, session_id), session.* from session
    inner join own on session.customer_id = own.customer_id
    union
    select own.* exclude (customer_id, session_id), session.* from session
    inner join own on session.session_id = own.session_id
),
placed as (
    select
        {UNIT_KEY}, seen.duration_ms, seen.is_bounce,
        seen.ended_at >= unit.first_exposed_at and seen.started_at < unit.window_ends_at as is_after,
        seen.ended_at < unit.first_exposed_at
        and seen.started_at >= unit.first_exposed_at - to_days({BEFORE_DAYS}) as is_before
    from seen inner join unit using ({KEY})
)
select
    {KEY},
    sum(case when is_after then 1 else 0 end) as sessions,
    sum(case when is_after and is_bounce then 1 else 0 end) as bounces,
    sum(case when is_after then duration_ms else 0 end) / 1000.0 as session_seconds,
    sum(case when is_before then 1 else 0 end) as pre_sessions
from placed
group by {KEY}
"""
BOUGHT = f"""
create or replace temp table bought as
with customer as (select distinct {KEY}, customer_id from shown where customer_id is not null)
select {UNIT_KEY},
    count(distinct orders.order_id) as pre_orders,
    sum(orders.order_amount) as pre_revenue
from unit
inner join customer using ({KEY})
inner join marts.fct_order as orders
    on
        customer.customer_id = orders.customer_id
        and orders.ordered_at < unit.first_exposed_at
        and orders.ordered_at >= unit.first_exposed_at - to_days({BEFORE_DAYS})
group by {UNIT_KEY}
"""
VALUED = f"""
create or replace temp table valued as
with customer as (select distinct {KEY}, customer_id from shown where customer_id is not null),
known as (
    select
        {UNIT_KEY}, customer.customer_id,
        arg_max(v.ltv_amount, v.as_of) filter (where v.as_of <= unit.first_exposed_at) as ltv_before,
        arg_min(v.ltv_amount, v.as_of) filter (where v.as_of >= unit.window_ends_at) as ltv_after
    from unit
    inner join customer using ({KEY})
    inner join ml.value_known as v on customer.customer_id = v.customer_id
    group by {UNIT_KEY}, customer.customer_id
)
select {KEY}, sum(ltv_before) as ltv_before, sum(ltv_after) as ltv_after, sum(ltv_after - ltv_before) as ltv_change
from known group by {KEY}
"""
FINAL = f"""
select
    {UNIT_KEY},
    unit.customer_id, coalesce(unit.customer_id, unit.unit_id) as cluster_id, unit.arm, unit.propensity,
    unit.probabilities, unit.table_version, unit.segment_id, unit.context_bucket,
    unit.first_exposed_at, unit.window_ends_at, unit.is_complete, clicked.exposures,
    coalesce(bought.pre_orders, 0) as pre_orders,
    coalesce(bought.pre_revenue, 0) as pre_revenue,
    coalesce(visited.pre_sessions, 0) as pre_sessions,
    coalesce(after_it.orders, 0) as orders,
    coalesce(after_it.revenue, 0) as revenue,
    coalesce(after_it.margin, 0) as margin,
    coalesce(after_it.refunds, 0) as refunds,
    coalesce(after_it.orders_without_margin, 0) as orders_without_margin,
    clicked.clicks,
    coalesce(visited.sessions, 0) as sessions,
    coalesce(visited.bounces, 0) as bounces,
    coalesce(visited.session_seconds, 0) as session_seconds,
    coalesce(after_it.complaints, 0) as complaints,
    coalesce(after_it.returns, 0) as returns,
    coalesce(after_it.deliveries, 0) as deliveries,
    coalesce(after_it.deliveries_on_time, 0) as deliveries_on_time,
    coalesce(after_it.fairness_points, 0) as fairness_points,
    coalesce(after_it.fairness_answers, 0) as fairness_answers,
    valued.ltv_before,
    valued.ltv_after,
    coalesce(after_it.reported_ltv_change, valued.ltv_change) as ltv_change
from unit
inner join clicked using ({KEY})
left join after_it using ({KEY})
left join visited using ({KEY})
left join bought using ({KEY})
left join valued using ({KEY})
order by {UNIT_KEY}
"""
