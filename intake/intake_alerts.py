"""Alerts that intake opens about its input, and closes when the input is well again."""

from __future__ import annotations

from datetime import datetime

from intake.ops_alerts import AlertBook
from intake.report import FileReport


def report_problems(alerts: AlertBook, source: str, report: FileReport, *, at: datetime) -> None:
    """Open an alert for an unreadable file or quarantined rows. Samples name reasons and counts, never content."""
    unreadable = f"intake:unreadable:{source}:{report.path.name}"
    if report.state == "unreadable":
        alerts.open_alert(
            unreadable, severity="warning", title=f"{source}: a file cannot be read", detail=report.message,
            source=source, at=at,
        )  # fmt: skip
        return
    alerts.resolve_cause(unreadable, at=at, note="the file could be read")
    if report.quarantined:
        counts = sorted(report.reasons.items())
        share = report.quarantined / report.rows_read
        alerts.open_alert(
            f"intake:quarantine:{source}",
            severity="warning" if share >= 0.01 else "info",
            title=f"{source}: {report.quarantined} of {report.rows_read} rows quarantined",
            detail=f"{report.path.name}: " + ", ".join(f"{name} {rows}" for name, rows in counts),
            source=source,
            at=at,
            sample=[{"reason": name, "rows": rows} for name, rows in counts],
        )  # fmt: skip
