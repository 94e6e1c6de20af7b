"""What snapshots know beside profiles and scores: product figures, promises of delivery, reviews, what was shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ml.delivery import delivery_bands
from orchestration.refresh.whose import EVERYBODY, Whose
from orchestration.warehouse import Warehouse
from serving.showings import ASKED, KEPT, Watched
from serving.snapshot.records import PromiseRecord, ReviewRecord

# A rate of fewer orders says nothing of a product.
LEAST_ORDERS = 20
REVIEWS_PER_PRODUCT = 12
DELIVERY_DAYS = 180
EVENTS = "intermediate.int_events"

TABLES = "select table_schema || '.' || table_name from information_schema.tables"
COLUMNS = "select column_name from information_schema.columns where table_schema = 'marts'"
PRODUCT_FACTS = f"""
    select product_id,
        case when count(distinct case when event_type = 'order_completed' then order_id end) >= {LEAST_ORDERS}
            then count(distinct case when event_type = 'order_refunded' then order_id end) * 1.0
                / count(distinct case when event_type = 'order_completed' then order_id end) end as returns_rate,
        sum(case when event_type = 'order_completed' and event_date >= cast(run.as_of as date) - 28
            then coalesce(quantity, 1) else 0 end) as units_28d
    from intermediate.int_order_lines cross join ops.run_context as run
    where product_id is not null and event_date >= cast(run.as_of as date) - 365 and occurred_at < run.as_of
    group by product_id
"""
REVIEWS = """
    select product_id, event_id, cast(json_extract_string(properties, '$.rating') as double) as rating,
        coalesce(try_cast(json_extract_string(properties, '$.helpful_votes') as bigint), 0) as votes,
        json_extract_string(properties, '$.reviewer_use') as used_for,
        json_extract_string(properties, '$.reviewer_experience') as experience,
        coalesce(json_extract_string(properties, '$.verified') in ('true', '1', 'yes'), false) as verified
    from intermediate.int_events
    where event_type = 'review_written' and product_id is not null and not is_bot
        and try_cast(json_extract_string(properties, '$.rating') as double) between 1 and 5
    order by product_id, verified desc, votes desc, rating desc, event_id
"""
DELIVERIES = f"""
    with placed as (
        select order_id, min(ordered_at) as ordered_at, min(delivered_at) as delivered_at
        from intermediate.int_order_milestone_daily group by order_id
    ), places as (
        select order_id, min(postal_code) as postal_code, min(region) as region, min(country) as country
        from intermediate.int_events where event_type = 'delivery_completed' group by order_id
    )
    select coalesce(places.country, '') as country, coalesce(places.region, '') as region,
        coalesce(places.postal_code, '') as postal_code,
        date_diff('day', cast(ordered_at as date), cast(delivered_at as date)) as days
    from placed left join places using (order_id) cross join ops.run_context as run
    where ordered_at is not null and delivered_at >= ordered_at and delivered_at < run.as_of
        and ordered_at >= run.as_of - interval {DELIVERY_DAYS} day
    order by ordered_at, order_id
"""
STAGES = """
    select m.customer_id, max(p.stage) as stage from marts.account_member as m
    inner join marts.account_profile as p using (account_id)
    inner join marts.customer_consent as c on c.customer_id = m.customer_id and c.is_profiled
    where {among}
    group by m.customer_id having count(distinct p.stage) = 1
"""
SHOWN = """
    select customer_id, placement, action, epoch(shown_at) from marts.fct_exposure
    where customer_id in (select customer_id from marts.customer_consent where is_profiled) and {among}
    order by customer_id, shown_at desc
"""


def _rows(warehouse: Warehouse, sql: str, *tables: str) -> list[tuple[object, ...]]:
    """Rows of a query; none while a table it reads has not been built yet."""
    found = {str(row[0]) for row in warehouse.rows(TABLES)}
    return warehouse.rows(sql) if found.issuperset(tables) else []


def parity_column(warehouse: Warehouse) -> str:
    """The column of parity prices; null in a warehouse built before there was one."""
    there = warehouse.rows(f"{COLUMNS} and table_name = 'dim_product' and column_name = 'parity_price'")
    return "parity_price" if there else "null"


@dataclass(frozen=True)
class ProductFacts:
    """Figures of one product; None where too little is known."""

    returns_rate: float | None = None
    units_28d: float | None = None
    reviews: int | None = None
    rating: float | None = None


def product_facts(
    warehouse: Warehouse, reviews: Mapping[str, Sequence[tuple[float, ReviewRecord]]]
) -> dict[str, ProductFacts]:
    """Figures by product."""
    found = {str(row[0]): (row[1], row[2]) for row in _rows(warehouse, PRODUCT_FACTS, "intermediate.int_order_lines")}
    facts = {}
    for product in {*found, *reviews}:
        rate, units = found.get(product, (None, None))
        ratings = [rating for rating, _ in reviews.get(product, ())]
        facts[product] = ProductFacts(
            None if rate is None else float(str(rate)),
            None if units is None else float(str(units)),
            len(ratings) or None,
            round(sum(ratings) / len(ratings), 3) if ratings else None,
        )
    return facts


def all_reviews(warehouse: Warehouse) -> dict[str, list[tuple[float, ReviewRecord]]]:
    """Ratings and reviews by product, verified and helpful ones first."""
    found: dict[str, list[tuple[float, ReviewRecord]]] = {}
    for product, review, rating, votes, use, experience, verified in _rows(warehouse, REVIEWS, EVENTS):
        record = ReviewRecord(
            str(review), float(str(rating)), int(str(votes)), _text(use), _text(experience), bool(verified)
        )
        found.setdefault(str(product), []).append((record.rating, record))
    return found


def promises(warehouse: Warehouse) -> list[PromiseRecord]:
    """Bands of delivery days by country, region and postal code, and for all places together ("")."""
    rows = _rows(warehouse, DELIVERIES, EVENTS, "intermediate.int_order_milestone_daily")
    days: dict[str, list[int]] = {}
    for country, region, postal_code, taken in rows:
        for place in dict.fromkeys(("", str(country), str(region), str(postal_code))):
            days.setdefault(place, []).append(int(str(taken)))
    bands = {place: delivery_bands(np.asarray(values, dtype=np.int64)) for place, values in days.items()}
    return [
        PromiseRecord(place, band.earliest_days, band.latest_days, band.confidence, band.coverage, band.n)
        for place, band in sorted(bands.items())
        if band is not None
    ]


def account_stages(warehouse: Warehouse, whose: Whose = EVERYBODY) -> dict[str, str]:
    """Stage of the company a customer belongs to; nobody whose companies stand at different stages."""
    sql = STAGES.format(among=whose.among("m.customer_id"))
    rows = _rows(warehouse, sql, "marts.account_member", "marts.account_profile")
    return {str(customer): str(stage) for customer, stage in rows}


def shown_before(warehouse: Warehouse, watched: Watched, whose: Whose = EVERYBODY) -> dict[str, dict[str, list[int]]]:
    """Customer → `placement/action` → latest moments, of what has a cap or asks something."""
    found: dict[str, dict[str, list[int]]] = {}
    sql = SHOWN.format(among=whose.among("customer_id"))
    rows = _rows(warehouse, sql, "marts.fct_exposure") if watched.names else []
    for customer, placement, action, at in rows:
        key = f"{placement}/{action}"
        question = watched.questions.get(key)
        for name in [key, *([ASKED + question] if question else [])] if key in watched.names else ():
            moments = found.setdefault(str(customer), {}).setdefault(name, [])
            if len(moments) < KEPT:
                moments.append(int(float(str(at))))
    return found


def _text(value: object) -> str | None:
    return None if value is None else str(value)
