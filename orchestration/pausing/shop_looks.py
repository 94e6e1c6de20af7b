"""Looks at the shop as a whole, for surface `all`: match rate, drift, age of the snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from intake.ops_store import OpsStore
from intake.pause_records import Look
from intake.pause_rules import verdict_below
from intake.project import Project
from intake.settings_pausing import PausingSettings
from orchestration.drift.desk import FAMILY
from orchestration.pausing.tables import Tables
from serving.pausing.live_looks import ALL, Fresh, snapshot_look
from serving.snapshot import pointer

RATE = "marts.match_rate_daily"
RATE_SQL = (
    f"select coalesce(sum(events), 0), coalesce(sum(matched), 0) from {RATE} where event_date >= ? and event_date < ?"
)


def shop_looks(project: Project, tables: Tables, as_of: datetime, now: datetime) -> Iterator[Look]:
    """Every look at the whole shop.

    Args:
        project: settings, alerts and snapshots.
        tables: as they stand.
        as_of: the moment that the tables are of.
        now: the project's clock.
    """
    settings, ops = project.settings.pausing, OpsStore(project.paths)
    yield from match_rate_look(tables, settings, as_of)
    yield from drift_look(ops, settings, now)
    live = pointer.current(project.paths.snapshots)
    for manifest in pointer.list_versions(project.paths.snapshots):
        if manifest.version == live:
            yield from snapshot_look(Fresh(live, datetime.fromisoformat(manifest.as_of)), settings, now)


def match_rate_look(tables: Tables, settings: PausingSettings, as_of: datetime) -> Iterator[Look]:
    """`match_rate`: events of the last whole days that are tied to a known customer."""
    bound, days = settings.match_rate_below, settings.match_rate_days
    if bound is None or not tables.has_table(RATE):
        return
    until = as_of.date()
    since = until - timedelta(days=days)
    events, matched = (int(str(value)) for value in tables.rows(RATE_SQL, [since, until])[0])
    evidence = {"events": events, "matched": matched, "since": str(since), "until": str(until), "bound": bound}
    if events < settings.match_rate_least_events:
        told = f"{events:,} events from {since} on, {settings.match_rate_least_events:,} are needed"
        yield Look(ALL, "match_rate", "silent", told, evidence)
        return
    rate = matched / events
    told = (
        f"{rate:.1%} of {events:,} events from {since} to before {until} know their customer; at least {bound:.1%} must"
    )
    verdict = verdict_below(rate, bound, settings.margin)
    yield Look(ALL, "match_rate", verdict, told, evidence | {"match_rate": round(rate, 6)})


def drift_look(ops: OpsStore, settings: PausingSettings, now: datetime) -> Iterator[Look]:
    """`drift`: what stands of the kinds that pause; somebody who mutes one has decided to live with it."""
    if not settings.drift:
        return
    standing = [
        alert
        for alert in ops.standing_alerts(FAMILY)
        if alert.family.removeprefix(FAMILY).split(":")[0] in settings.drift and not alert.is_muted(now)
    ]
    causes = tuple(sorted(alert.family for alert in standing))
    if not standing:
        yield Look(ALL, "drift", "healthy", f"no drift of {', '.join(settings.drift)} stands", {"standing": []})
        return
    told = "; ".join(sorted(alert.title for alert in standing))
    yield Look(ALL, "drift", "breach", told, {"standing": list(causes)}, causes)
