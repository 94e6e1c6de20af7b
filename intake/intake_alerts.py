"""Alerts that intake opens about its input, and closes when the input is well again.

Titles name source, day of arrival and cause; samples name reasons and counts, never content.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from intake.contract import SourceContract
from intake.ops_alerts import AlertBook
from intake.ops_store import OpsStore
from intake.report import FileReport
from intake.schema_alerts import untold
from intake.wrong_zone import REASON, reason_of

# Networks repeat a few rows of each thousand; a fifth of a file is a delivery made twice.
REPEATED_SHARE, LEAST_REPEATED = 0.2, 50
WARNING_SHARE = 0.01


def report_problems(alerts: OpsStore, contract: SourceContract, report: FileReport, *, at: datetime) -> None:
    """Open an alert for an unreadable or repeated file, a wrong clock, quarantined or repeated rows.

    Rows that a changed column set aside are told with that column's alert.
    """
    source = contract.name
    unreadable = f"intake:unreadable:{source}:{report.path.name}"
    if report.state == "unreadable":
        alerts.open_alert(
            unreadable,
            severity="warning",
            title=f"{source}, {at:%Y-%m-%d}: {report.path.name} cannot be read",
            detail=report.message,
            source=source,
            at=at,
        )
        return
    alerts.resolve_cause(unreadable, at=at, note="the file could be read")
    _report_repeated(alerts, source, report, at)
    _report_zone(alerts, source, report, at)
    _report_rows(alerts, source, report, untold(alerts, contract, report, at), at)


def _report_repeated(alerts: AlertBook, source: str, report: FileReport, at: datetime) -> None:
    if report.same_as:
        alerts.open_alert(
            f"intake:repeated_file:{source}",
            severity="info",
            title=f"{source}, {at:%Y-%m-%d}: {report.path.name} came before as {report.same_as}",
            detail="The content is the same, so nothing was added and nothing counts twice.",
            source=source,
            at=at,
        )
    elif report.duplicate >= max(LEAST_REPEATED, REPEATED_SHARE * report.rows_read):
        alerts.open_alert(
            f"intake:repeated_rows:{source}",
            severity="warning",
            title=f"{source}, {at:%Y-%m-%d}: {report.duplicate} of {report.rows_read} rows of {report.path.name}"
            " repeat others",
            detail="Each is counted once. A file that holds a delivery twice, or a client that repeats itself.",
            source=source,
            at=at,
        )


def _report_rows(alerts: AlertBook, source: str, report: FileReport, reasons: Mapping[str, int], at: datetime) -> None:
    counts = sorted((name, rows) for name, rows in reasons.items() if not name.startswith(REASON))
    rows = sum(count for _, count in counts)
    if rows:
        most = max(counts, key=lambda item: item[1])[0]
        alerts.open_alert(
            f"intake:quarantine:{source}",
            severity="warning" if rows / report.rows_read >= WARNING_SHARE else "info",
            title=f"{source}, {at:%Y-%m-%d}: {rows} of {report.rows_read} rows quarantined, most for {most}",
            detail=f"{report.path.name}: " + ", ".join(f"{name} {rows}" for name, rows in counts),
            source=source,
            at=at,
            sample=[{"reason": name, "rows": rows} for name, rows in counts],
        )


def _report_zone(alerts: AlertBook, source: str, report: FileReport, at: datetime) -> None:
    cause, hours = f"intake:wrong_zone:{source}", report.hours_ahead
    if hours is None:
        # A file of which nothing could be read says nothing of the clock.
        if report.state == "ingested" and report.accepted:
            alerts.resolve_cause(cause, at=at, note="a later file has its clock right")
        return
    rows = report.reasons.get(reason_of(hours), 0) or report.findings.get(reason_of(hours), 0)
    way = "ahead of" if hours > 0 else "behind their"
    alerts.open_alert(
        cause,
        severity="warning",
        title=f"{source}, {at:%Y-%m-%d}: timestamps are {abs(hours):g} hours {way} arrival",
        detail=_zone_detail(source, report, rows, hours),
        source=source,
        at=at,
        sample=[{"reason": reason_of(hours), "rows": rows}],
    )


def _zone_detail(source: str, report: FileReport, rows: int, hours: float) -> str:
    found = f"{report.path.name}: {rows} of {report.rows_read} rows"
    remedy = f"say so in the contract (time_zone, or clock: {{hours_ahead: {hours:g}}})"
    if hours > 0:
        return (
            f"{found} lie {hours:g} h in the future of their arrival; a wrong time zone? {remedy.capitalize()}, then:"
            f" concierge quarantine replay --source {source}"
        )
    return (
        f"{found} arrived {-hours:g} h after they happened, and hardly any other row was late. They were accepted,"
        f" since a queue that holds rows so long looks the same. If it is the time zone, {remedy}, raise its version"
        " and take the file in again"
    )
