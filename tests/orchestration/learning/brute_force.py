"""Credit and counts by going through everything, one outcome at a time: what the statements are compared with."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import md5
from typing import Any

Row = dict[str, Any]
OF_PERSON = ("exposures", "conversions", "complaints", "returns", "margin_micros")
FOLLOWERS = {"refund", "return", "delivery", "delivery_late", "delivery_on_time"}


def first_reports(rows: Sequence[Row], key: str, moment: str) -> list[Row]:
    """Of rows with one key the one received first."""
    found: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: (row["received_at"], row[moment])):
        found.setdefault(row[key], row)
    return list(found.values())


def follows(row: Row) -> bool:
    """Whether an outcome goes where its order went."""
    if row["kind"] in FOLLOWERS:
        return True
    about_order = row["order_id"] is not None and row["personalization_id"] is None
    return row["kind"] not in {"order", "report"} and about_order


def credits(exposures: Sequence[Row], outcomes: Sequence[Row], hours: Mapping[tuple[str, int], int]) -> list[Row]:
    """(outcome, exposure or None, rule, reason, margin) for every credit."""
    shown = {row["personalization_id"]: row for row in exposures}
    found = [given for row in outcomes if not follows(row) for given in _own(row, exposures, shown, hours)]
    by_order = defaultdict(list)
    for given in found:
        if given["outcome"]["kind"] == "order" and given["rule"] != "none":
            by_order[given["outcome"]["order_id"]].append(given)
    for row in outcomes:
        if follows(row):
            for order in by_order[row["order_id"]]:
                margin = _refund_margin(row, order["outcome"])
                found.append({"outcome": row, "exposure": order["exposure"], "rule": "order", "margin": margin})
    return found


def _own(
    row: Row, exposures: Sequence[Row], shown: Mapping[str, Row], hours: Mapping[tuple[str, int], int]
) -> list[Row]:
    given: list[Row] = []
    named = shown.get(row["personalization_id"])
    if row["personalization_id"] is not None and named is None:
        return [{"outcome": row, "exposure": None, "rule": "none", "reason": "unknown_exposure", "margin": None}]
    if named is not None and named["is_creditable"]:
        reason = _reason(row, named, hours)
        rule = "named" if reason is None else "none"
        given.append(
            {"outcome": row, "exposure": named, "rule": rule, "reason": reason, "margin": row["margin_micros"]}
        )
    if row["kind"] in {"click", "report"}:
        return given
    person = row["person"] or (named and named["person"])
    for experiment in sorted({e["experiment"] for e in exposures if e["is_creditable"]}):
        if named is not None and named["experiment"] == experiment:
            continue
        mine = [
            e
            for e in exposures
            if e["is_creditable"]
            and e["experiment"] == experiment
            and person is not None
            and e["person"] == person
            and e["shown_at"] <= row["occurred_at"]
        ]
        if mine:
            last = max(mine, key=lambda e: (e["shown_at"], e["personalization_id"]))
            if _reason(row, last, hours) is None:
                given.append(
                    {"outcome": row, "exposure": last, "rule": "last_exposure", "margin": row["margin_micros"]}
                )
    return given


def _reason(row: Row, exposure: Row, hours: Mapping[tuple[str, int], int]) -> str | None:
    window = timedelta(hours=hours.get((exposure["experiment"], exposure["experiment_version"]), 168))
    if row["occurred_at"] < exposure["shown_at"]:
        return "before_exposure"
    return "outside_window" if row["occurred_at"] > exposure["shown_at"] + window else None


def _refund_margin(row: Row, order: Row) -> int | None:
    if row["kind"] != "refund" or row["margin_micros"] is not None:
        return row["margin_micros"]
    if not order["revenue_micros"]:
        return int(row["revenue_micros"])
    product = row["revenue_micros"] * (order["margin_micros"] or 0)
    size = abs(product) // abs(order["revenue_micros"])
    return int(size if product * order["revenue_micros"] >= 0 else -size)


Sums = dict[tuple[Any, ...], Counter[str]]


def sums(exposures: Sequence[Row], found: Sequence[Row]) -> tuple[Sums, Sums]:
    """Sums by (experiment, version, segment, context, arm, hour), and by (experiment, version, arm, person)."""
    by_exposure = defaultdict(list)
    for given in found:
        if given["rule"] != "none":
            by_exposure[given["exposure"]["personalization_id"]].append(given)
    cells: Sums = defaultdict(Counter)
    people: Sums = defaultdict(Counter)
    for row in exposures:
        if row["is_counted"]:
            followed = _followed(by_exposure[row["personalization_id"]])
            cells[_cell(row)].update(followed)
            person = row["person"] or md5(row["personalization_id"].encode(), usedforsecurity=False).hexdigest()
            kept = Counter({name: followed[name] for name in OF_PERSON})
            people[row["experiment"], row["experiment_version"], row["arm"], person].update(kept)
    return dict(cells), dict(people)


def _cell(row: Row) -> tuple[Any, ...]:
    shown: datetime = row["shown_at"]
    hour = shown.replace(minute=0, second=0, microsecond=0)
    names = ("experiment", "experiment_version", "segment_id", "context_bucket", "arm")
    return (*(row[name] for name in names), hour)


def _followed(given: Sequence[Row]) -> Counter[str]:
    kinds = Counter(item["outcome"]["kind"] for item in given)
    money = [
        item
        for item in given
        if item["outcome"]["kind"] in {"report", "refund"}
        or (item["outcome"]["kind"] == "order" and not kinds["report"])
    ]
    margin = sum(
        min(item["margin"] or 0, 0) if kinds["report"] and item["outcome"]["kind"] == "refund" else item["margin"] or 0
        for item in money
    )
    cents = (abs(margin) + 5_000) // 10_000
    converted = [i for i in given if i["outcome"]["kind"] in {"order", "report"} and i["outcome"]["is_converted"]]
    return Counter(
        exposures=1,
        conversions=int(bool(converted)),
        clicks=int(kinds["click"] > 0),
        complaints=kinds["complaint"],
        returns=kinds["return"],
        revenue_micros=sum(item["outcome"]["revenue_micros"] or 0 for item in money),
        margin_micros=margin,
        margin_cents_squared=cents * cents,
        cost_micros=sum(item["outcome"]["cost_micros"] or 0 for item in money),
        ltv_change_micros=sum(item["outcome"]["ltv_change_micros"] or 0 for item in given),
    )


def delays(exposures: Sequence[Row], found: Sequence[Row]) -> Counter[tuple[str, int]]:
    """Conversions by experiment and whole hours from exposure to the first of them."""
    first: dict[str, int] = {}
    for given in found:
        converts = given["outcome"]["kind"] in {"order", "report"} and given["outcome"]["is_converted"]
        if converts and given["rule"] != "none":
            waited = int((given["outcome"]["occurred_at"] - given["exposure"]["shown_at"]).total_seconds()) // 3600
            name = given["exposure"]["personalization_id"]
            first[name] = min(waited, first.get(name, waited))
    return Counter(
        (row["experiment"], first[row["personalization_id"]])
        for row in exposures
        if row["is_counted"] and row["personalization_id"] in first
    )
