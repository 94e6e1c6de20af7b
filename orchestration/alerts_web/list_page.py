"""The list of alerts with its filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape

from intake.ops_records import Alert, Pause
from orchestration.alerts_web.parts import badges, card, select, table
from orchestration.alerts_web.wording import wording

STATES = (
    ("standing", "open and acknowledged"), ("open", "open"), ("acknowledged", "acknowledged"), ("muted", "muted"),
    ("resolved", "resolved"), ("all", "all"),
)  # fmt: skip
SEVERITIES = (("info", "all"), ("warning", "warning and critical"), ("critical", "critical"))
ORDER = {"info": 0, "warning": 1, "critical": 2}
MOST = 200


def list_page(alerts: Sequence[Alert], asked: Mapping[str, str], now: datetime, pauses: Sequence[Pause] = ()) -> str:
    """The content of the list (HTML): what is paused now, filters by query, worst first."""
    state, severity, source = (
        asked.get("state", "standing"), asked.get("severity", "info"), asked.get("source", ""),
    )  # fmt: skip
    found = [
        alert
        for alert in alerts
        if _shows(state, alert, now)
        and ORDER[alert.severity] >= ORDER.get(severity, 0)
        and source in ("", alert.source)
    ]
    found.sort(key=lambda alert: (-ORDER[alert.severity], -alert.last_seen_at.timestamp()))
    names = [("", "all"), *((name, name) for name in sorted({alert.source for alert in alerts}))]
    filters = (
        '<form class="filters" method="get" action="/" aria-label="Filter">'
        + select("state", "State", STATES, state)
        + select("severity", "Severity", SEVERITIES, severity)
        + select("source", "Source", names, source)
        + "<button>Show</button></form>"
    )
    return f"<h1>{_heading(found, state)}</h1>{_paused(pauses)}{filters}{_items(found[:MOST], now)}{_more(found)}"


def _paused(pauses: Sequence[Pause]) -> str:
    """Who sees the plain variant now, and why; nothing while nobody has to."""
    rows = [
        (one.scope, one.cause or "by hand", f"{one.created_at:%Y-%m-%d %H:%M} UTC", one.actor, one.reason)
        for one in pauses
    ]
    said = table(("what", "for", "since", "by", "why"), rows, "Surfaces that show the plain variant now")
    return card("Paused now", said + "<p>concierge pause status tells what would lift it.</p>") if rows else ""


def _heading(found: Sequence[Alert], state: str) -> str:
    word = {"standing": "standing"}.get(state, escape(state))
    critical = sum(alert.severity == "critical" for alert in found)
    return f"{len(found)} {word} alert{'s' if len(found) != 1 else ''}" + (f", {critical} critical" if critical else "")


def _items(found: Sequence[Alert], now: datetime) -> str:
    if not found:
        return '<p class="card">Nothing to look after here.</p>'
    return '<ul class="alerts">' + "".join(_item(alert, now) for alert in found) + "</ul>"


def _item(alert: Alert, now: datetime) -> str:
    owner = f", looked after by {escape(alert.owner)}" if alert.owner else ""
    return (
        f'<li class="is-{alert.severity}">{badges(alert, now)}'
        f'<h2><a href="/alerts/{alert.alert_id}">{escape(alert.title)}</a></h2>'
        f"<p>{escape(wording(alert).name)}{owner}. Last seen {alert.last_seen_at:%Y-%m-%d %H:%M} UTC.</p></li>"
    )


def _more(found: Sequence[Alert]) -> str:
    return f"<p>{len(found) - MOST} more: use the filters.</p>" if len(found) > MOST else ""


def _shows(state: str, alert: Alert, now: datetime) -> bool:
    muted = alert.is_muted(now) and alert.state != "resolved"
    if state == "all":
        return True
    if state == "muted":
        return muted
    return not muted and (alert.state != "resolved" if state == "standing" else alert.state == state)
