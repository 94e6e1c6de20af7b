"""A small shop at random: people, sessions, exposures of two experiments, and everything that may follow."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from tests.orchestration.learning.brute_force import Row

# The night in which clocks went back in Europe, in the middle of it all.
START = datetime(2026, 10, 24, 20, 0)  # noqa: DTZ001 - the warehouse is naive UTC
HOURS = {("hero", 1): 6, ("hero", 2): 24}
KINDS = ["order"] * 5 + ["click", "complaint", "report", "survey", "return", "delivery_late", "refund", "refund"]


def exposures(random: Random, n: int) -> list[Row]:
    """Exposures, some repeated with a later arrival, some outside of experiments, some in holdout or of nobody."""
    rows = [_exposure(random, number) for number in range(n)]
    again = [{**row, "received_at": row["received_at"] + timedelta(hours=2), "arm": "b"} for row in rows[::9]]
    return [*rows, *again]


def _exposure(random: Random, number: int) -> Row:
    shown = START + timedelta(minutes=random.randrange(0, 60 * 40, 7))
    experiment = random.choice(["hero", "hero", "till", None])
    traffic = random.choice(["live", "live", "live", "holdout"]) if experiment else None
    return {
        "personalization_id": f"p{number:04d}",
        "experiment": experiment,
        "experiment_version": random.choice([1, 2]) if experiment else None,
        "segment_id": random.choice([-1, 3]),
        "context_bucket": "any",
        "arm": random.choice(["a", "b"]) if traffic == "live" else None,
        "traffic": traffic,
        "person": random.choice(["ann", "bob", "cyd", "dee", None]),
        "anchor_key": None,
        "shown_at": shown,
        "received_at": shown + timedelta(seconds=random.randrange(1, 5_000)),
        "is_creditable": experiment is not None,
        "is_counted": traffic == "live",
    }


def outcomes(random: Random, n: int, n_exposures: int) -> list[Row]:
    """Outcomes, some repeated, some naming exposures that are unknown, refunds of orders that are unknown too."""
    rows = [_outcome(random, number, n_exposures) for number in range(n)]
    again = [{**row, "received_at": row["received_at"] + timedelta(hours=5)} for row in rows[::7]]
    return [*rows, *again]


def _outcome(random: Random, number: int, n_exposures: int) -> Row:
    kind = random.choice(KINDS)
    occurred = START + timedelta(minutes=random.randrange(0, 60 * 60, 7))
    names = kind in {"click", "report"} or random.random() < 0.3
    order = f"o{random.randrange(12)}" if kind in {"refund", "return", "delivery_late"} else None
    money = random.randrange(-5_000_000, 90_000_000, 1_234_567)
    outcome_id = f"{kind}:{number}"
    if kind == "order":
        order = f"o{number % 12}"
        outcome_id = f"order:{order}"
    if kind == "complaint" and random.random() < 0.5:
        order = f"o{random.randrange(12)}"
    gives_back = kind == "refund"
    return {
        "outcome_id": outcome_id,
        "kind": kind,
        "person": random.choice(["ann", "bob", "cyd", "dee", None]),
        "anchor_key": None,
        "order_id": order,
        "personalization_id": f"p{random.randrange(n_exposures + 5):04d}" if names and not gives_back else None,
        "occurred_at": occurred,
        # Reports of one outcome differ in arrival, or else which of them is first would be anybody's guess.
        "received_at": occurred + timedelta(seconds=1_000 + number),
        "is_converted": True if kind == "order" else (random.random() < 0.6 if kind == "report" else None),
        "revenue_micros": -abs(money) if gives_back else (money if kind in {"order", "report"} else None),
        "margin_micros": _margin(random, kind, money),
        "cost_micros": random.choice([None, 250_000]) if kind in {"order", "report"} else None,
        "ltv_change_micros": random.choice([None, -40_000, 90_000]) if kind == "report" else None,
    }


def _margin(random: Random, kind: str, money: int) -> int | None:
    if kind == "refund":
        return random.choice([None, -700_001])
    return money // 3 if kind in {"order", "report"} else None
