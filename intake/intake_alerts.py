"""Alerts that intake opens about its input, and closes when the input is well again."""

from __future__ import annotations

from datetime import datetime

from intake.ops_alerts import AlertBook
from intake.report import FileReport
from intake.wrong_zone import REASON, reason_of


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
    _report_zone(alerts, source, report, at)
    _report_rows(alerts, source, report, at)


def _report_rows(alerts: AlertBook, source: str, report: FileReport, at: datetime) -> None:
    counts = sorted((name, rows) for name, rows in report.reasons.items() if not name.startswith(REASON))
    rows = sum(count for _, count in counts)
    if rows:
        alerts.open_alert(
            f"intake:quarantine:{source}",
            severity="warning" if rows / report.rows_read >= 0.01 else "info",
            title=f"{source}: {rows} of {report.rows_read} rows quarantined",
            detail=f"{report.path.name}: " + ", ".join(f"{name} {rows}" for name, rows in counts),
            source=source,
            at=at,
            sample=[{"reason": name, "rows": rows} for name, rows in counts],
        )


def _report_zone(alerts: AlertBook, source: str, report: FileReport, at: datetime) -> None:
    cause, hours = f"intake:wrong_zone:{source}", report.hours_ahead
    if hours is None:
        if report.state == "ingested":
            alerts.resolve_cause(cause, at=at, note="a later file has its clock right")
        return
    rows = report.reasons.get(reason_of(hours), 0)
    alerts.open_alert(
        cause,
        severity="warning",
        title=f"{source}: timestamps are {hours:g} hours ahead of arrival",
        detail=f"{report.path.name}: {rows} of {report.rows_read} rows lie {hours:g} h in the future of their arrival;"
        f" a wrong time zone? Say so in the contract (time_zone, or clock: {{hours_ahead: {hours:g}}}), then:"
        f" concierge quarantine replay --source {source}",
        source=source,
        at=at,
        sample=[{"reason": reason_of(hours), "rows": rows}],
    )
