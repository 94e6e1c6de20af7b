"""Measures of the identity ledger by day: read from the mart, kept in the operational store, shown."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pandas as pd

from intake.ops_store import OpsStore
from orchestration.warehouse import Warehouse

MEASURES_SQL = """
    select metric_date, metric, dimension, cast(value as double) as value
    from marts.identity_metric_daily order by metric_date, metric, dimension
"""
RATES_SQL = """
    select source, event_date, events, matched, sessions, cast(match_rate as double) as match_rate
    from marts.match_rate_daily order by source, event_date
"""
SIZE_CLASSES = ("1", "2-3", "4-10", "11+")
# The mart has every day's match rate and events again in each run; the store keeps what may still change.
KEPT_DAYS = 35
# Counted over the whole ledger on the day of a run, unlike what is counted by day of event or arrival.
STATES = (
    "profiles", "known_profiles", "quarantined_profiles", "largest_profile", "profiles_by_size", "probable_share",
    "profiles_per_address", "identifiers_shared", "identifiers_blocked",
)  # fmt: skip


def measures(warehouse: Warehouse) -> pd.DataFrame:
    """metric_date (date), metric, dimension, value of every measure of `marts.identity_metric_daily`."""
    found = warehouse.frame(MEASURES_SQL)
    return found.assign(metric_date=pd.to_datetime(found["metric_date"]).dt.date)


def match_rates(warehouse: Warehouse) -> pd.DataFrame:
    """One row a source and day: source, event_date, events, matched, sessions, match_rate."""
    return warehouse.frame(RATES_SQL)


def keep(ops: OpsStore, found: pd.DataFrame, *, today: date, at: datetime) -> int:
    """Write the measures of the last 35 days that are new or changed into `ops.metric_daily`; returns how many."""
    known = {(item.metric_date, item.metric, item.dimension): item.value for item in ops.metrics()}
    recent = found[found["metric_date"] > today - timedelta(days=KEPT_DAYS)]
    changed = [
        (day, metric, dimension, value)
        for day, metric, dimension, value in recent.itertuples(index=False)
        if known.get((day, metric, dimension)) != value
    ]
    for day, metric, dimension, value in changed:
        ops.record_metric(day, metric, float(value), at=at, dimension=dimension)
    return len(changed)


def state(found: pd.DataFrame) -> pd.DataFrame:
    """metric, dimension, value of what describes the ledger as a whole, in the order of `STATES`."""
    order = {name: place for place, name in enumerate(STATES)}
    rows = found[found["metric"].isin(STATES)]
    placed = rows.assign(place=rows["metric"].map(order)).sort_values(["place", "dimension"], kind="stable")
    return placed[["metric", "dimension", "value"]].reset_index(drop=True)


def sizes(found: pd.DataFrame) -> dict[str, float]:
    """Profiles by size class, smallest class first; empty before the first profile."""
    rows = found[found["metric"] == "profiles_by_size"]
    counts = dict(zip(rows["dimension"], rows["value"], strict=True))
    return {name: float(counts.get(name, 0.0)) for name in SIZE_CLASSES} if counts else {}
