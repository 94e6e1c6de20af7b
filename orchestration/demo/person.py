"""Choosing one person whose way through the house can be followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from intake.hashing import hash_identifier
from intake.keys import identifier_key_bytes
from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.cli.published import Published
from orchestration.demo.questions import Acquaintance

# Somebody ordinary: shops, browses, reads letters, agreed to everything, and has few enough ties to print.
CANDIDATES = """
select d.customer_id
from marts.dim_customer d
join marts.customer_features f using (customer_id)
where d.consent_personalization and d.consent_marketing_email and d.consent_profiling_price
  and f.orders_91d >= 3 and f.product_views_30d > 0 and f.recency_days <= 30 and d.n_identifiers between 4 and 9
order by f.product_views_30d desc, d.customer_id
limit 50
"""
HELD = """
select i.type, i.value_hash, a.canonical_id as customer_id
from identity.identity_assignment a join identity.identifier i using (identifier_key)
where a.system_to > timestamp '9999-01-01' and a.valid_to > timestamp '9999-01-01'
"""
SIGNALS = (
    "orders_91d", "spend_91d", "recency_days", "average_order_amount", "discount_share", "store_order_share",
    "sessions_30d", "product_views_30d", "cart_abandons_30d", "email_open_rate", "top_category",
)  # fmt: skip
PROFILE = """
select s.segment_name, s.rung, c.churn_probability, c.churn_horizon_days, c.ltv_amount, c.ltv_low, c.ltv_high,
       c.ltv_horizon_days, {signals}
from marts.customer_features f
left join marts.customer_segments s using (customer_id)
left join marts.customer_scores c using (customer_id)
where f.customer_id = ?
"""
# The latest of each kind says more than the latest ones, which may all be clicks.
RAW_EVENTS = """
select occurred_at, source, event_type, coalesce(order_id, product_id, page_type, campaign, '') as what, amount,
       is_simulated
from read_parquet(?)
where list_has_any(list_transform(identifiers, lambda item: item.value), ?) and received_at < ?
qualify row_number() over (partition by source, event_type order by occurred_at desc, event_id) = 1
order by occurred_at desc, event_id
limit ?
"""
DAYS_OF_EVENTS = 14


@dataclass(frozen=True)
class Followed:
    """One person: the id, and the identifiers in clear that the demo may know because it made them up."""

    customer_id: str
    identifiers: dict[str, str]


def choose(project: Project, published: Published, people: Sequence[Acquaintance]) -> Followed | None:
    """The first candidate whom the demo also knows in clear by card, address and cookie; None if nobody is."""
    key, region = identifier_key_bytes(project.paths), project.settings.intake.default_region
    held = {(row["type"], row["value_hash"]): str(row["customer_id"]) for row in published.rows(HELD)}
    clear: dict[str, dict[str, str]] = {}
    for person in people:
        for kind, value in person.identifiers.items():
            customer = held.get((kind, str(hash_identifier(key, kind, value, region))))
            if customer is not None:
                clear.setdefault(customer, {})[kind] = value
    for row in published.rows(CANDIDATES):
        found = clear.get(str(row["customer_id"]), {})
        if {"loyalty_id", "email", "cookie"} <= found.keys():
            return Followed(str(row["customer_id"]), found)
    return None


def raw_events(project: Project, hashes: list[str], as_of: Any, number: int = 8) -> list[dict[str, Any]]:
    """The latest event of each kind of some identifiers, straight from the lake's files of the last two weeks."""
    import duckdb

    files = OpsStore(project.paths).visible_files()
    first = sorted({file.event_date for file in files if file.min_received_at < as_of})[-DAYS_OF_EVENTS:]
    paths = [str(project.paths.root / file.path) for file in files if first and file.event_date >= first[0]]
    if not paths:
        return []
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'").fetchall()
        cursor = connection.execute(RAW_EVENTS, [paths, hashes, as_of, number])
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def profile(published: Published, customer_id: str) -> dict[str, Any]:
    """Segment, scores and the signals worth a look."""
    signals = ", ".join(f"f.{name}" for name in SIGNALS)
    return published.rows(PROFILE.format(signals=signals), [customer_id])[0]
