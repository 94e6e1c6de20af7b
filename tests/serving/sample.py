"""A shop of six customers, the shipped placements and policies, and a decision table: small enough to think through."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from intake.hashing import keyed_hash
from serving.content import load_content
from serving.snapshot.records import (
    DecisionRow,
    IdentifierRow,
    ProductRecord,
    ProfileRecord,
    Recommended,
    SnapshotContents,
)
from serving.snapshot.writer import write_snapshot

CONFIG = Path(__file__).resolve().parents[2] / "config"
NOW = datetime(2018, 1, 2, 15, 30, tzinfo=UTC)
KEY = b"the key of the sample shop"
CONSENTED = {"consent_personalization": True, "consent_marketing_email": True, "consent_profiling_price": True}


def value_hash(kind: str, value: str) -> str:
    """A keyed hash as the shop of these tests makes it."""
    return keyed_hash(KEY, kind, value)


def profiles() -> list[ProfileRecord]:
    """ann: segment 0, everything granted; bob: segment 1; cleo: no consent at all; dan: consents to all but price
    profiling; eve: away for 90 days; finn: a segment without decision rows."""
    regular = {"recency_days": 3, "orders_91d": 4, "top_category": "GROCERY"}
    lists = {"buy_again": [Recommended("p1", 9.0), Recommended("p5", 8.0), Recommended("p6", 7.0)]}
    away = {"recency_days": 90, "orders_91d": 0, "top_category": "DELI"}
    return [
        ProfileRecord("ann", 0, "Fresh", features=regular, recommendations=lists, recently_bought=["p3"], **CONSENTED),
        ProfileRecord("bob", 1, "Pantry", features=regular | {"orders_91d": 9, "top_category": "MEAT"}, **CONSENTED),
        ProfileRecord("cleo", 0, "Fresh", features=regular),
        ProfileRecord("dan", 0, "Fresh", features=regular, **(CONSENTED | {"consent_profiling_price": False})),
        ProfileRecord("eve", 1, "Pantry", features=away, **CONSENTED),
        ProfileRecord("finn", 7, "Rare", features={}, **CONSENTED),
    ]


def decision_rows() -> list[DecisionRow]:
    """Scores per segment 0, 1 and everyone (-1)."""
    cells: dict[tuple[str, int], dict[str, float]] = {
        ("home_hero", 0): {"produce": 2.0, "deli": 1.5, "meat": 1.0},
        ("home_hero", 1): {"grocery_staples": 2.0, "meat": 1.9},
        ("home_hero", -1): {"grocery_staples": 1.0, "produce": 0.9},
        ("weekly_email_offer", 0): {"recipe_fresh": 2.0, "coupon_deli": 1.0},
        ("weekly_email_offer", -1): {"coupon_grocery": 1.0},
        ("checkout_incentive", 0): {"none": 2.0, "free_shipping": 2.5, "ten_percent_off": 2.6},
        ("checkout_incentive", 1): {"none": 2.0, "free_shipping": 2.1, "ten_percent_off": 3.5},
        ("checkout_incentive", -1): {"none": 2.0, "free_shipping": 1.9, "ten_percent_off": 1.0},
    }
    return [
        DecisionRow(placement, segment, "any", action, score, "test", 1000)
        for (placement, segment), scores in cells.items()
        for action, score in scores.items()
    ]


def products() -> list[ProductRecord]:
    """p1, p2, p3, p5 can take a tenth off; p4 is out of stock; p6 would fall below its floor and p7 below MAP."""
    return [
        ProductRecord("p1", "PRODUCE", 10.0, 8.0, 8.5, 6.0, 12.0),
        ProductRecord("p2", "MEAT", 20.0, 18.0, None, 15.0, 3.0),
        ProductRecord("p3", "DELI", 5.0, 4.0, 4.0, 3.0, 7.0),
        ProductRecord("p4", "DELI", 5.0, 4.0, 4.0, 3.0, 0.0),
        ProductRecord("p5", "GROCERY", 2.0, 1.0, 1.0, 0.8, 90.0),
        ProductRecord("p6", "GROCERY", 2.0, 1.9, 1.0, 1.8, 90.0),
        ProductRecord("p7", "GROCERY", 2.0, 1.0, 1.95, 0.8, 90.0),
        ProductRecord("p8", "GROCERY"),
    ]


def contents(**changes: Any) -> SnapshotContents:
    """The whole sample; `changes` replace single parts."""
    content = load_content(CONFIG)
    identifiers = [
        IdentifierRow("loyalty_id", value_hash("loyalty_id", p.customer_id), p.customer_id) for p in profiles()
    ]
    identifiers.append(IdentifierRow("cookie", value_hash("cookie", "k1"), "ann"))
    identifiers.append(IdentifierRow("cookie", value_hash("cookie", "shared"), "cleo"))
    parts: dict[str, Any] = {
        "identifiers": identifiers,
        "profiles": profiles(),
        "decision_rows": decision_rows(),
        "products": products(),
        "popular": {"": ["p5", "p4", "p1", "p2"], "DELI": ["p3"]},
        "together": {"p1": ["p2", "p3", "p4", "p5"]},
        "placements": content.placements,
        "policies": content.policies,
        "time_zone": "America/New_York",
        "model_versions": {"segments": "s1"},
        "totals": {"customers": 6},
    }
    return SnapshotContents(**(parts | changes))


def write(root: Path, version: str = "v1", created_at: datetime = NOW, **changes: Any) -> Path:
    """Write the sample as a snapshot."""
    return write_snapshot(root, contents(**changes), version=version, as_of=NOW, created_at=created_at)
