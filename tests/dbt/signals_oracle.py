"""What people did, by a second reading of their raw events: every behavioural signal that comes out of daily rows."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from tests.dbt.known_events import SHOP, Seen, of, plain, ratio, usual, visible

VIEWS = ("page_viewed", "product_viewed")
COMPLAINTS = {"late", "broken", "wrong", "damaged"}


def counted(mine: Sequence[Seen]) -> dict[str, Any]:
    """Windows of the main counters."""
    found: dict[str, Any] = {}
    kinds = {"orders": ("order_completed",), "page_views": VIEWS, "product_views": ("product_viewed",),
             "cart_adds": ("cart_added",), "searches": ("searched",), "email_opens": ("email_opened",),
             "refunds": ("order_refunded",)}  # fmt: skip
    for days, name in ((1, "1d"), (7, "7d"), (90, "90d"), (365, "365d"), (9_999, "lifetime")):
        near = [row for row in mine if row.ago <= days]
        for kind, types in kinds.items():
            found[f"{kind}_{name}"] = sum(row.kind in types for row in near)
        found[f"sessions_{name}"] = sum(row.opens_a_visit for row in near)
        found[f"spend_{name}"] = sum((row.get("amount") for row in near if row.kind == "order_completed"), Decimal(0))
        found[f"active_days_{name}"] = len({row.day for row in near})
    refunded = sum((row.get("amount") for row in mine if row.kind == "order_refunded"), Decimal(0))
    return found | {"net_spend_365d": found["spend_365d"] - refunded}


def cadence(mine: Sequence[Seen], as_of: datetime) -> dict[str, Any]:
    """Rhythm of visits and orders."""
    orders = sorted({row.day for row in mine if row.kind == "order_completed"})
    gaps = [(b - a).days for a, b in pairwise(orders)]
    visits = [row for row in mine if row.opens_a_visit]
    days = sorted({row.day for row in visits})
    recent = [row.local.hour for row in visits if row.ago <= 91]
    found: dict[str, Any] = {
        "mean_visit_gap_days_365d": ratio((days[-1] - days[0]).days, len(days) - 1) if days else None,
        "last_order_gap_days": gaps[-1] if gaps else None,
        "order_gap_variation": ratio(statistics.stdev(gaps), statistics.mean(gaps)) if len(gaps) > 1 else None,
        "days_until_expected_order": ratio(sum(gaps) - len(gaps) * (as_of.date() - orders[-1]).days, len(gaps))
        if gaps
        else None,
        "night_visit_share": ratio(sum(hour < 6 for hour in recent), len(recent)),
        "morning_visit_share": ratio(sum(6 <= hour < 12 for hour in recent), len(recent)),
        "afternoon_visit_share": ratio(sum(12 <= hour < 18 for hour in recent), len(recent)),
    }
    for name, is_it in (
        ("sessions_trend", lambda row: row.opens_a_visit),
        ("product_views_trend", lambda row: row.kind == "product_viewed"),
    ):
        now, before = (sum(is_it(row) and low < row.ago <= low + 30 for row in mine) for low in (0, 30))
        found[name] = ratio(now - before, now + before)
    return found | _clock(mine, visits)


def _clock(mine: Sequence[Seen], visits: Sequence[Seen]) -> dict[str, Any]:
    occasions = [row for row in mine if row.opens_a_visit or row.kind == "order_completed"]
    found: dict[str, Any] = {}
    for part, value in (("hour", lambda row: row.local.hour), ("weekday", lambda row: row.local.isoweekday())):
        found[f"usual_visit_{part}"] = usual(occasions, value, lambda row: row.opens_a_visit and row.ago <= 91)
        found[f"usual_order_{part}"] = usual(occasions, value, lambda row: row.kind == "order_completed")
        online = [row for row in mine if row.get("session_id") is not None]
        orders = [row for row in mine if row.kind == "order_completed"]
        for name, rows in (("visit", online), ("order", orders)):
            found[f"last_{name}_{part}"] = value(max(rows, key=lambda row: row.at)) if rows else None
    return found


def channels(mine: Sequence[Seen]) -> dict[str, Any]:
    """Where orders are placed."""
    placed = [row.get("channel") for row in mine if row.kind == "order_completed"]
    shares = {f"{name}_order_share_365d": ratio(placed.count(name), len(placed)) for name in ("web", "app", "store")}
    return shares | {"order_channels_365d": len({name for name in placed if name is not None})}


def service(mine: Sequence[Seen], as_of: datetime) -> dict[str, Any]:
    """Tickets, reviews, points, subscriptions, beacons, app and advertisements."""

    def told(kind: str, days: int = 9_999) -> list[Seen]:
        return [row for row in mine if row.kind == kind and row.ago <= days]

    def numbers(kind: str, name: str) -> list[float]:
        values = [row.properties.get(name) for row in told(kind)]
        return [value for value in values if isinstance(value, int | float)]

    def since(kind: str) -> int | None:
        return min((row.ago for row in told(kind)), default=None)

    earned, spent = (sum((abs(row.get("quantity")) for row in told(kind)), Decimal(0)) for kind in
                     ("points_earned", "points_spent"))  # fmt: skip
    topics = [plain(row.properties["topic"]) for row in told("support_ticket_opened")]
    reviews = sorted(told("review_written"), key=lambda row: row.at)
    beacons = sorted(told("beacon_seen"), key=lambda row: row.at)
    satisfied, rated = numbers("support_ticket_solved", "satisfaction"), numbers("review_written", "rating")
    return {
        "support_tickets_90d": len(told("support_ticket_opened", 90)), "support_tickets_365d": len(topics),
        "complaints_365d": sum(bool(COMPLAINTS & set(topic.split("_"))) for topic in topics),
        "open_tickets": max(0, len(topics) - len(told("support_ticket_solved"))),
        "days_since_last_ticket": since("support_ticket_opened"),
        "support_topics": _tally(topics),
        "mean_support_satisfaction": ratio(sum(satisfied), len(satisfied)),
        "reviews_written_365d": len(reviews), "mean_rating_given": ratio(sum(rated), len(rated)),
        "last_rating_given": reviews[-1].properties["rating"] if reviews else None,
        "points_earned_365d": earned, "points_spent_365d": spent, "points_balance": earned - spent,
        "is_loyalty_member": bool(told("points_earned")),
        "active_subscriptions": max(0, len(told("subscription_started")) - len(told("subscription_cancelled"))),
        "subscription_renewals_365d": len(told("subscription_renewed")),
        "subscription_cancellations_365d": len(told("subscription_cancelled")),
        "beacon_sightings_30d": len(told("beacon_seen", 30)),
        "beacon_dwell_ms_30d": sum(row.get("dwell_ms") for row in told("beacon_seen", 30)),
        "last_beacon_store_id": beacons[-1].get("store_id") if beacons else None,
        "app_opens_30d": len(told("app_opened", 30)), "has_app": bool(told("app_opened")),
        "days_since_app_opened": since("app_opened"), "ads_shown_30d": len(told("ad_shown", 30)),
        "ad_clicks_30d": len(told("ad_clicked", 30)), "emails_bounced_365d": len(told("email_bounced")),
    }  # fmt: skip


def answers(mine: Sequence[Seen]) -> dict[str, Any]:
    """What people said of themselves; the company asks for age, gender and blood type too, which are no signals."""
    told: list[tuple[str, datetime, str, int]] = []
    scores = []
    for row in mine:
        if row.kind == "survey_answered" and not {"age", "blood"} & set(plain(row.properties["question"]).split("_")):
            told.append((plain(row.properties["question"]), row.at, row.properties["answer"], row.ago))
            scores.append(row.properties["score"])
        if row.kind == "profile_updated":
            told.append(("diet", row.at, row.properties["zero_party"]["diet"], row.ago))
    last = {question: max(t[1:3] for t in told if t[0] == question)[1] for question in sorted({t[0] for t in told})}
    return {
        "zero_party_answers": last or None, "zero_party_answer_count": len(last),
        "days_since_answer": min((t[3] for t in told), default=None),
        "mean_survey_score": ratio(sum(scores), len(scores)),
    }  # fmt: skip


def deliveries(seen: Sequence[Seen], mine: Sequence[Seen], as_of: datetime) -> dict[str, Any]:
    """How orders arrived and what came back; a nameless carrier's message goes with its order."""
    own = {row.get("order_id") for row in mine if row.kind == "order_completed"}
    rows = [*mine, *(row for row in seen if not row.get("identifiers") and row.get("order_id") in own)]
    stories = []
    for order in {row.get("order_id") for row in rows if row.get("order_id")}:
        of_it = [row for row in rows if row.get("order_id") == order]
        first = {
            kind: min((row.at for row in of_it if row.kind == kind), default=None)
            for kind in ("order_completed", "delivery_completed", "return_requested", "order_refunded")
        }
        promises = [row.properties["promised_date"] for row in of_it if row.kind == "delivery_promised"]
        stories.append((first, datetime.fromisoformat(min(promises)).date() if promises else None))
    return _arrivals(stories, mine, as_of) | _returns(stories, mine)


def _arrivals(stories: Sequence[Any], mine: Sequence[Seen], as_of: datetime) -> dict[str, Any]:
    done = [(first, promised) for first, promised in stories if first["delivery_completed"]]
    delays = [(first["delivery_completed"], (first["delivery_completed"].astimezone(SHOP).date() - promised).days)
              for first, promised in done if promised]  # fmt: skip
    took = [(first["delivery_completed"] - first["order_completed"]).total_seconds() for first, _ in done
            if first["order_completed"]]  # fmt: skip
    open_ = [promised for first, promised in stories if promised and not first["delivery_completed"]
             and not first["return_requested"] and not first["order_refunded"]]  # fmt: skip
    return {
        "deliveries_365d": len(done), "late_deliveries_365d": sum(delay > 0 for _, delay in delays),
        "late_delivery_share": ratio(sum(delay > 0 for _, delay in delays), len(delays)),
        "mean_delivery_delay_days": ratio(sum(delay for _, delay in delays), len(delays)),
        "mean_delivery_days": ratio(sum(took), len(took) * 86_400),
        "last_delivery_was_late": max(delays)[1] > 0 if delays else None,
        "overdue_deliveries": sum(promised < as_of.date() for promised in open_),
        "failed_deliveries_365d": sum(row.kind == "delivery_failed" for row in mine),
    }  # fmt: skip


def _returns(stories: Sequence[Any], mine: Sequence[Seen]) -> dict[str, Any]:
    reasons = [row.properties["reason"] for row in mine if row.kind == "return_requested"]
    back = [first for first, _ in stories if first["return_requested"] or first["order_refunded"]]
    lags = [(first["order_refunded"] - first["order_completed"]).total_seconds() for first, _ in stories
            if first["order_refunded"] and first["order_completed"]]  # fmt: skip
    placed = sum(row.kind == "order_completed" for row in mine)
    returned = sum(first["order_completed"] is not None for first in back)
    tally = _tally(reasons)
    return {
        "returned_orders_365d": returned, "return_order_rate": ratio(returned, placed),
        "return_requests_365d": len(reasons), "refund_lag_days": ratio(sum(lags), len(lags) * 86_400),
        "return_reasons": tally, "top_return_reason": next(iter(tally)) if tally else None,
    }  # fmt: skip


def _tally(values: Sequence[str]) -> dict[str, int] | None:
    counts = {value: values.count(value) for value in values}
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))) or None


def behaviour(events: Sequence[Any], who: str, as_of: datetime) -> dict[str, Any]:
    """All of the above for one person at a cut-off."""
    seen = visible(events, as_of)
    mine = of(seen, who)
    return {
        **counted(mine), **cadence(mine, as_of), **channels(mine), **service(mine, as_of), **answers(mine),
        **deliveries(seen, mine, as_of),
    }  # fmt: skip
