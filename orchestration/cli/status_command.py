"""`concierge status`: where things stand, in one screen."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from intake.ops_store import OpsStore
    from intake.project import Project


def status() -> None:
    """Show the last run, the live snapshot and how old it is, what waits to be rebuilt, alerts and pauses."""
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say

    project = open_project()
    for label, text in facts(project, OpsStore(project.paths)):
        say(f"{label:<12} {text}")


def facts(project: Project, store: OpsStore) -> list[tuple[str, str]]:
    """Each line of the status as label and text."""
    now = project.clock.now()
    return [
        ("project", f"{project.settings.project} ({project.config}, data in {project.paths.root})"),
        ("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC{' (shifted)' if project.settings.clock.start else ''}"),
        ("last intake", _last_intake(store, now)),
        ("last run", _last_run(store, now)),
        ("waiting", f"{len(store.touched_days())} days changed since they were last rebuilt"),
        ("snapshot", _snapshot(project, now)),
        ("published", _published(project)),
        ("alerts", _alerts(store, now)),
        ("objectives", _objectives(project, store)),
        ("paused", ", ".join(f"{pause.scope} ({pause.reason})" for pause in store.pauses()) or "nothing"),
    ]


def age(moment: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that says enough: `3 d`, `5 h`, `12 min`, `8 s`."""
    gap = max(now - moment, timedelta(0))
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if gap.total_seconds() >= 2 * seconds:
            return f"{int(gap.total_seconds() // seconds)} {unit} ago"
    return f"{int(gap.total_seconds())} s ago"


def _last_intake(store: OpsStore, now: datetime) -> str:
    batches = store.batches()
    if not batches:
        return "never; run: concierge ingest"
    last = max(batches, key=lambda batch: batch.finished_at)
    return f"{last.source} {last.input_name}, {last.accepted:,} accepted, {age(last.finished_at, now)}"


def _last_run(store: OpsStore, now: datetime) -> str:
    runs = store.runs()
    if not runs:
        return "never; run: concierge run"
    last = runs[0]
    return (
        f"{last.kind} {last.run_id[:8]}, {last.state}, as of {last.as_of:%Y-%m-%d %H:%M}, {age(last.started_at, now)}"
    )


def _snapshot(project: Project, now: datetime) -> str:
    from serving.snapshot import pointer

    live = pointer.current(project.paths.snapshots)
    found = [manifest for manifest in pointer.list_versions(project.paths.snapshots) if manifest.version == live]
    if not found:
        return "none live"
    as_of, created = (datetime.fromisoformat(text) for text in (found[0].as_of, found[0].created_at))
    customers = found[0].counts.get("profile", 0)
    return f"{live}, {customers:,} customers, as of {as_of:%Y-%m-%d %H:%M} UTC, made {age(created, now)}"


def _published(project: Project) -> str:
    link = project.paths.published / "current"
    return link.resolve().name if link.exists() else "nothing yet"


def _alerts(store: OpsStore, now: datetime) -> str:
    standing = store.standing_alerts()
    muted = sum(alert.is_muted(now) for alert in standing)
    seen = [alert.state for alert in standing if not alert.is_muted(now)]
    text = f"{seen.count('open')} open, {seen.count('acknowledged')} acknowledged"
    return f"{text}, {muted} muted" if muted else text


def _objectives(project: Project, store: OpsStore) -> str:
    from orchestration.cli.slo_command import objectives

    rows = objectives(project.settings.slo, [item for item in store.metrics() if item.metric.startswith("slo_")])
    states = [str(row[5]) for row in rows]
    breached = [f"{row[0]} {row[1] or ''}".strip() for row in rows if row[5] == "breached"]
    return f"{states.count('met')} met, {len(breached)} breached" + (f": {', '.join(breached)}" if breached else "")
