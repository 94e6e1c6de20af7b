"""What a digest says: one line an alert, worst first; causes and counts, no samples and nothing personal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from intake.ops_records import Alert, Severity
from intake.ops_store import OpsStore
from intake.scrub import scrub_text
from intake.settings_quality import NotifyTarget

ORDER: dict[Severity, int] = {"critical": 0, "warning": 1, "info": 2}
MOST_LINES = 20


def new_alerts(store: OpsStore, target: NotifyTarget, now: datetime) -> list[Alert]:
    """Standing alerts that the receiver wants and was not told of, worst first; muted ones wait."""
    told = store.told_alerts(target.name)
    wanted = [
        alert
        for alert in store.standing_alerts()
        if alert.alert_id not in told
        and alert.state == "open"
        and not alert.is_muted(now)
        and ORDER[alert.severity] <= ORDER[target.severity]
        and (not target.sources or alert.source in target.sources)
    ]
    return sorted(wanted, key=lambda alert: (ORDER[alert.severity], alert.first_seen_at, alert.alert_id))


def title(project: str, alerts: Sequence[Alert]) -> str:
    """The subject, e.g. `shop: 3 new data alerts, 1 critical`."""
    critical = sum(alert.severity == "critical" for alert in alerts)
    count = f"{len(alerts)} new data alert{'s' if len(alerts) != 1 else ''}"
    return f"{project}: {count}" + (f", {critical} critical" if critical else "")


def body(project: str, alerts: Sequence[Alert]) -> str:
    """Subject, one line an alert, and where to look."""
    # A title may quote what a source sent, a line break too, and yet be no more than a line.
    titles = [" ".join(scrub_text(alert.title).split()) for alert in alerts[:MOST_LINES]]
    lines = [f"[{alert.severity}] {said} ({alert.alert_id})" for alert, said in zip(alerts, titles, strict=False)]
    more = [f"and {len(alerts) - MOST_LINES} more"] if len(alerts) > MOST_LINES else []
    return "\n".join([title(project, alerts), "", *lines, *more, "", "concierge alerts list, or: concierge alerts web"])
