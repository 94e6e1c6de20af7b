"""Readiness against a count by hand of the same small lake, and its thresholds."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from intake.contract import load_contract
from intake.ingest import ingest
from intake.paths import DataPaths, repository_root
from intake.project import Project
from orchestration.readiness.measures import ACTIVE_DAYS, DAYS_A_MONTH, Measures, measure
from orchestration.readiness.methods import advice, judge

CONTRACT = """
name: shop
kind: web
format: jsonl
event_type: {column: kind}
event_id: id
columns: {occurred_at: at, product_id: sku, order_id: order, amount: total, device_type: device}
lines: {nested: items, when: {column: kind, matches: "^order_completed$"}, fields: {product_id: sku, category: group}}
identifiers:
  - {type: login, column: user}
  - {type: email, column: mail}
  - {type: cookie, column: visitor}
traits: {size: size}
properties: {purpose: purpose, granted: granted}
"""
START, AS_OF = datetime(2017, 1, 1, tzinfo=UTC), datetime(2017, 8, 1, tzinfo=UTC)


def rows() -> list[dict[str, Any]]:
    draw = np.random.default_rng(7)
    made = []
    for number in range(600):
        person = draw.integers(60)
        at = START + timedelta(minutes=int(draw.integers(230 * 24 * 60)))
        row: dict[str, Any] = {"id": f"e{number}", "at": at.isoformat(), "visitor": f"v{person}", "device": "mobile"}
        if person < 30 and draw.random() < 0.4:
            row |= {"user": f"u{person}"}
        kind = str(draw.choice(["page_viewed", "product_viewed", "order_completed"]))
        row |= {"kind": kind}
        if kind == "product_viewed":
            row |= {"sku": f"p{draw.integers(9)}"}
        if kind == "order_completed":
            row |= {"order": f"o{number}", "total": 5.0, "items": [{"sku": f"p{draw.integers(20)}"}, {"group": "toys"}]}
        made.append(row)
    said = {"at": START.isoformat(), "user": "u1"}
    made.append({"id": "c", "kind": "consent_updated", "purpose": "marketing_email", "granted": True, **said})
    made.append({"id": "t", "kind": "profile_updated", "size": "M", "mail": "u1@example.org", **said})
    made.append({"id": "s", "kind": "stock_updated", "at": START.isoformat(), "sku": "p99"})
    return made


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("shop")
    found = Project.open(DataPaths(root / "data"), repository_root() / "config")
    (root / "shop.yml").write_text(CONTRACT)
    (root / "shop.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows()))
    report = ingest(found, load_contract(root / "shop.yml"), [root / "shop.jsonl"])
    # Stock without a quantity is set aside.
    assert (report.total("accepted"), report.total("quarantined")) == (602, 1)
    return found


@pytest.fixture(scope="module")
def measures(project: Project) -> Measures:
    found = measure(project.paths, AS_OF)
    assert found is not None
    return found


def owners(seen: list[dict[str, Any]]) -> list[str]:
    named = {row["visitor"]: row["user"] for row in seen if "user" in row and "visitor" in row}
    return [row.get("user") or named.get(row.get("visitor", ""), row.get("visitor", "")) for row in seen]


def test_counts_equal_a_count_by_hand(measures: Measures) -> None:
    seen = [row for row in rows() if datetime.fromisoformat(row["at"]) < AS_OF and row["id"] != "s"]
    times = [datetime.fromisoformat(row["at"]) for row in seen]
    assert measures.months == round((max(times) - min(times)).total_seconds() / 86_400 / DAYS_A_MONTH, 1)
    since = AS_OF - timedelta(days=ACTIVE_DAYS)
    active = {owner for owner, at in zip(owners(seen), times, strict=True) if at >= since}
    assert measures.active_customers == len(active)
    assert measures.known_customers == sum(owner.startswith("u") for owner in active)
    assert measures.match_rate == pytest.approx(sum(owner.startswith("u") for owner in owners(seen)) / len(seen))
    orders: dict[str, int] = defaultdict(int)
    for row, owner in zip(seen, owners(seen), strict=True):
        orders[owner] += row["kind"] == "order_completed"
    assert measures.orders == sum(orders.values())
    assert measures.buyers == sum(count > 0 for count in orders.values())
    assert measures.repeat_buyers == sum(count > 1 for count in orders.values())
    assert measures.products_sold == len(
        {item["sku"] for row in seen for item in row.get("items", ()) if "sku" in item}
    )
    assert measures.identifiers == {
        kind: len({row[field] for row in seen if field in row})
        for kind, field in (("cookie", "visitor"), ("email", "mail"), ("login", "user"))
    }
    with_product = sum("sku" in row or any("sku" in item for item in row.get("items", ())) for row in seen)
    assert measures.fields["product_id"] == pytest.approx(with_product / len(seen))
    assert measures.fields["category"] == pytest.approx(sum("items" in row for row in seen) / len(seen))
    assert measures.fields["device_type"] == pytest.approx(sum("device" in row for row in seen) / len(seen))
    assert (measures.consent_purposes, measures.traits) == (("marketing_email",), ("size",))
    (source,) = measures.sources
    assert (source.source, source.events, source.last_day) == ("shop", len(seen), max(times).date())


def test_an_earlier_moment_sees_less(project: Project, measures: Measures) -> None:
    earlier = measure(project.paths, AS_OF - timedelta(days=100))
    assert earlier is not None
    assert earlier.months < measures.months
    assert earlier.orders < measures.orders
    assert measure(project.paths, START - timedelta(days=1)) is None


def test_nothing_landed_is_nothing_measured(tmp_path: Path) -> None:
    assert measure(DataPaths(tmp_path), AS_OF) is None


@pytest.mark.parametrize(
    ("active", "months", "verdict"),
    [(9_999, 12.0, "rules first"), (10_000, 2.9, "rules first"), (10_000, 3.0, "ready")],
)
def test_few_customers_or_a_short_history_mean_rules_first(
    measures: Measures, active: int, months: float, verdict: str
) -> None:
    changed = replace(measures, active_customers=active, months=months)
    segments = next(item for item in judge(changed) if item.method.startswith("learned segments"))
    assert segments.verdict == verdict
    assert ("rules and content-based" in advice(changed)) == (verdict != "ready")


def test_what_is_not_connected_is_missing_whatever_the_size(measures: Measures) -> None:
    changed = replace(measures, active_customers=10**6, months=24.0, repeat_buyers=10**5, orders=10**7)
    verdicts = {item.method: item for item in judge(changed)}
    assert verdicts["incentives by uplift"].verdict == "missing"
    assert "randomised offers (offer_assigned)" in verdicts["incentives by uplift"].unmet
    assert verdicts["popular products"].verdict == verdicts["churn and lifetime value"].verdict == "ready"
    assert verdicts["e-mail personalization"].verdict == "ready"
    assert verdicts["content-based recommendations"].until_then == "popular products"
