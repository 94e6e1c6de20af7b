"""How `concierge alerts` shows alerts, and which of them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from intake.ops_records import Alert
    from intake.ops_store import OpsStore


class Shown(StrEnum):
    """Which alerts `list` shows; `standing` is open and acknowledged together, without what is muted."""

    STANDING = "standing"
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    MUTED = "muted"
    ALL = "all"


def say_alert(alert: Alert, store: OpsStore, now: datetime) -> None:
    """Print one alert with all that is known of it."""
    from orchestration.cli.console import say, show_table

    say(f"{alert.alert_id}  {alert.severity}  {state_of(alert, now)}  {alert.title}")
    say(f"{alert.count} times, {alert.first_seen_at:%Y-%m-%d %H:%M} to {alert.last_seen_at:%Y-%m-%d %H:%M} UTC")
    page = alert.evidence.get("data_docs")
    facts = (
        ("cause", alert.cause),
        ("detail", alert.detail),
        ("owner", alert.owner),
        ("note", alert.note),
        ("before", f"alert {alert.earlier_id} was about the same and is resolved" if alert.earlier_id else None),
        ("touches", ", ".join(row["segment"] for row in alert.evidence.get("segments", []))),
        ("placements", ", ".join(alert.evidence.get("placements", []))),
        ("data docs", store.paths.data_docs / page if page else None),
    )
    for label, text in facts:
        if text:
            say(f"{label}: {text}")
    if alert.sample:
        columns = tuple(dict.fromkeys(key for row in alert.sample for key in row))
        show_table(columns, [[row.get(column) for column in columns] for row in alert.sample], title="sample")
    notes = store.alert_notes(alert.alert_id)
    if notes:
        rows = [(f"{note.at:%Y-%m-%d %H:%M}", note.actor, note.action, note.note) for note in notes]
        show_table(("at (UTC)", "who", "did", "note"), rows, title="history")


def state_of(alert: Alert, now: datetime) -> str:
    """Its state, or until when it is muted."""
    muted = alert.muted_until if alert.is_muted(now) and alert.state != "resolved" else None
    return f"muted until {muted:%Y-%m-%d %H:%M}" if muted else alert.state


def plain(alert: Alert) -> dict[str, object]:
    """The alert for JSON."""
    return asdict(alert)


def matches(shown: Shown, alert: Alert, now: datetime) -> bool:
    """Whether it is among those that are asked for."""
    muted = alert.is_muted(now) and alert.state != "resolved"
    if shown is Shown.MUTED:
        return muted
    if shown is Shown.STANDING:
        return alert.state != "resolved" and not muted
    return shown is Shown.ALL or (shown.value == alert.state and not muted)
