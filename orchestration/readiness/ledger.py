"""What a run has found out since: the identity ledger knows customers better than a first look at the lake."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from orchestration.cli.published import Published
from orchestration.readiness.measures import ACTIVE_DAYS, Measures

CUSTOMERS = """
select count(*) as active, count(case when is_known then 1 end) as known from marts.dim_customer
where last_seen_at >= ? and last_seen_at < ?
"""
BUYERS = """
select count(*) as buyers, count(case when n > 1 then 1 end) as again, coalesce(sum(n), 0) as orders
from (select customer_id, count(*) as n from marts.fct_order where ordered_at < ? group by customer_id) as bought
"""
MATCHED = "select sum(matched) / nullif(sum(events), 0) as rate from marts.match_rate_daily where event_date < ?"


def with_ledger(measures: Measures, published: Published) -> Measures:
    """The same measures with customers, buyers and match rate as published."""
    until = measures.as_of.replace(tzinfo=None)
    customers = published.rows(CUSTOMERS, [until - timedelta(days=ACTIVE_DAYS), until])[0]
    bought = published.rows(BUYERS, [until])[0]
    rate = published.value(MATCHED, [until])
    return replace(
        measures,
        active_customers=int(customers["active"]),
        known_customers=int(customers["known"]),
        orders=int(bought["orders"]),
        buyers=int(bought["buyers"]),
        repeat_buyers=int(bought["again"]),
        match_rate=None if rate is None else float(rate),
        judged_by="the identity ledger",
    )
