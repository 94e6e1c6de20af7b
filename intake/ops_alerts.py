"""Alerts: opened and counted by checks and intake, one for each cause."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from intake.alert_rows import alert_of, dated
from intake.ops_database import OpsDatabase
from intake.ops_records import Alert, AlertState, Severity, to_text
from intake.scrub import scrub_text

# Days with the same fault up to a week apart are one cause; later it is another one.
SAME_CAUSE = timedelta(days=7)
SYSTEM = "concierge"
SELECT = (
    "select alert.*, alert_mute.until as muted_until from alert"
    " left join alert_mute on alert_mute.family = alert.family"
)


@dataclass(frozen=True)
class AlertFinding:
    """What an alert is to say, masked."""

    family: str
    severity: Severity
    title: str
    detail: str
    source: str
    sample: str
    kind: str
    evidence: str
    at: str
    days: tuple[date, date] | None = field(default=None)
    counts: bool = True


class AlertBook(OpsDatabase):
    """The alert table."""

    def open_alert(
        self,
        cause: str,
        *,
        severity: Severity,
        title: str,
        at: datetime,
        detail: str = "",
        source: str = "",
        sample: Sequence[Mapping[str, Any]] = (),
        kind: str = "",
        days: tuple[date, date] | None = None,
        evidence: Mapping[str, Any] | None = None,
        counts: bool = True,
    ) -> Alert:
        """Open an alert, or count one more occurrence of the one that stands for the same cause.

        Args:
            cause: stable name of what is wrong, e.g. `intake:quarantine:cj_transactions`; one unresolved alert a cause.
            severity: kept at the latest value; acknowledgement, owner and note stay.
            title: without a day; the days are put behind the source it begins with, else at its end.
            sample: a few masked examples; addresses and phone numbers in texts are taken out here once more.
            kind: sort of fault, for filters.
            days: first and last day of data it is about. Findings up to 7 days from those of a standing alert extend
                it; others are a cause of their own.
            evidence: trend, bounds and what it touches, for the page.
            counts: False where the same occurrence was told before, less exactly.
        """
        found = finding(
            cause,
            severity=severity,
            title=title,
            at=at,
            detail=detail,
            source=source,
            sample=sample,
            kind=kind,
            days=days,
            evidence=evidence,
            counts=counts,
        )
        with self.transaction() as connection:
            return raise_alert(connection, found)

    def list_alerts(self, state: AlertState | None = None) -> list[Alert]:
        """Alerts, newest first; of one state or of all, muted ones included."""
        rows = self.rows(f"{SELECT} where ? is null or state = ? order by last_seen_at desc, alert_id", state, state)
        return [alert_of(row) for row in rows]

    def standing_alerts(self, family: str = "") -> list[Alert]:
        """Alerts that are not resolved and whose family starts like this."""
        rows = self.rows(
            f"{SELECT} where state <> 'resolved' and substr(alert.family, 1, ?) = ? order by last_seen_at desc",
            len(family),
            family,
        )
        return [alert_of(row) for row in rows]

    def resolve_cause(self, cause: str, *, at: datetime, note: str = "the cause is gone") -> bool:
        """Resolve the standing alerts of a cause or family; False when there is none."""
        with self.transaction() as connection:
            return resolve_alerts(connection, cause, at=at, note=note)


def finding(
    cause: str,
    *,
    severity: Severity,
    title: str,
    at: datetime,
    detail: str = "",
    source: str = "",
    sample: Sequence[Mapping[str, Any]] = (),
    kind: str = "",
    days: tuple[date, date] | None = None,
    evidence: Mapping[str, Any] | None = None,
    counts: bool = True,
) -> AlertFinding:
    """What `AlertBook.open_alert` was told, with personal data taken out of its texts."""
    return AlertFinding(
        family=cause,
        severity=severity,
        title=scrub_text(title),
        detail=scrub_text(detail),
        source=source,
        sample=json.dumps([_scrubbed(row) for row in sample]),
        kind=kind or cause.split(":", 1)[0],
        evidence=json.dumps(dict(evidence or {}), default=str),
        at=to_text(at),
        days=days,
        counts=counts,
    )


def raise_alert(connection: sqlite3.Connection, found: AlertFinding) -> Alert:
    """Open an alert or count one more occurrence, within the caller's transaction."""
    standing = _standing(connection, found)
    alert_id = _extend(connection, standing, found) if standing else _insert(connection, found)
    return alert_of(connection.execute(f"{SELECT} where alert_id = ?", (alert_id,)).fetchone())


def resolve_alerts(
    connection: sqlite3.Connection, cause: str, *, at: datetime, note: str, actor: str = SYSTEM
) -> bool:  # fmt: skip
    """Resolve the standing alerts of a cause or family, within the caller's transaction; False when there is none."""
    rows = connection.execute(
        "select alert_id from alert where (cause = ? or family = ?) and state <> 'resolved'", (cause, cause)
    ).fetchall()
    for row in rows:
        connection.execute(
            "update alert set state = 'resolved', resolved_at = ?, note = coalesce(note, ?) where alert_id = ?",
            (to_text(at), note, row["alert_id"]),
        )
        add_note(connection, row["alert_id"], at, actor, "resolved", note)
    return bool(rows)


def add_note(connection: sqlite3.Connection, alert_id: str, at: datetime, actor: str, action: str, note: str) -> None:
    """Write one line of an alert's history, within the caller's transaction."""
    connection.execute(
        "insert into alert_note (alert_id, at, actor, action, note) values (?, ?, ?, ?, ?)",
        (alert_id, to_text(at), actor, action, scrub_text(note)),
    )


def _standing(connection: sqlite3.Connection, found: AlertFinding) -> sqlite3.Row | None:
    rows = connection.execute(
        "select * from alert where (family = ? or (family = '' and cause = ?)) and state <> 'resolved'"
        " order by coalesce(last_day, '') desc",
        (found.family, found.family),
    ).fetchall()
    if found.days is None:
        return rows[0] if rows else None
    first, last = found.days
    for row in rows:
        near = row["first_day"] is None or (
            first - date.fromisoformat(row["last_day"]) <= SAME_CAUSE
            and date.fromisoformat(row["first_day"]) - last <= SAME_CAUSE
        )
        if near:
            return row  # type: ignore[no-any-return]
    return None


def _extend(connection: sqlite3.Connection, standing: sqlite3.Row, found: AlertFinding) -> str:
    first, last = _union(standing, found.days)
    connection.execute(
        "update alert set last_seen_at = ?, count = count + ?, severity = ?, title = ?, detail = ?, sample = ?,"
        " evidence = ?, first_day = ?, last_day = ? where alert_id = ?",
        (
            found.at, int(found.counts), found.severity, dated(found.title, found.source, first, last), found.detail,
            found.sample, found.evidence, _iso(first), _iso(last), standing["alert_id"],
        ),
    )  # fmt: skip
    return str(standing["alert_id"])


def _insert(connection: sqlite3.Connection, found: AlertFinding) -> str:
    first, last = found.days or (None, None)
    cause = f"{found.family}:{first}" if first else found.family
    before = connection.execute("select count(*) from alert where cause = ?", (cause,)).fetchone()[0]
    alert_id = hashlib.sha256(f"{cause}|{before}".encode()).hexdigest()[:12]
    earlier = connection.execute(
        "select alert_id from alert where family = ? and state = 'resolved' order by resolved_at desc limit 1",
        (found.family,),
    ).fetchone()
    connection.execute(
        "insert into alert (alert_id, cause, severity, title, detail, source, first_seen_at, last_seen_at, count,"
        " state, sample, family, kind, first_day, last_day, evidence, earlier_id)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, 1, 'open', ?, ?, ?, ?, ?, ?, ?)",
        (
            alert_id, cause, found.severity, dated(found.title, found.source, first, last), found.detail, found.source,
            found.at, found.at, found.sample, found.family, found.kind, _iso(first), _iso(last), found.evidence,
            earlier["alert_id"] if earlier else None,
        ),
    )  # fmt: skip
    return alert_id


def _union(standing: sqlite3.Row, days: tuple[date, date] | None) -> tuple[date | None, date | None]:
    known = [date.fromisoformat(standing[name]) for name in ("first_day", "last_day") if standing[name]]
    everything = [*known, *(days or ())]
    return (min(everything), max(everything)) if everything else (None, None)


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _scrubbed(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        str(name): value if value is None or isinstance(value, bool | int | float) else scrub_text(str(value))
        for name, value in row.items()
    }
