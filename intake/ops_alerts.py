"""Alerts: opened by checks and intake, listed, acknowledged and resolved by an analyst."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from intake.ops_database import OpsDatabase
from intake.ops_records import Alert, AlertState, Severity, from_text, to_text


class UnknownAlertError(LookupError):
    """No alert has this id, or more than one starts with it."""


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
    ) -> Alert:
        """Open an alert, or count one more occurrence of the one that stands for the same cause.

        Args:
            cause: stable name of what is wrong, e.g. `intake:quarantine:cj_transactions`; one unresolved alert a cause.
            severity: kept at the latest value; acknowledgement, owner and note stay.
            sample: a few masked examples; no personal data.
        """
        moment, samples = to_text(at), json.dumps(list(sample), default=str)
        with self.transaction() as connection:
            before = connection.execute("select count(*) from alert where cause = ?", (cause,)).fetchone()[0]
            alert_id = hashlib.sha256(f"{cause}|{before}".encode()).hexdigest()[:12]
            connection.execute(
                "insert into alert values (?, ?, ?, ?, ?, ?, ?, ?, 1, 'open', null, null, null, ?)"
                " on conflict (cause) where state <> 'resolved' do update set last_seen_at = excluded.last_seen_at,"
                " count = count + 1, severity = excluded.severity, title = excluded.title, detail = excluded.detail,"
                " sample = excluded.sample",
                (alert_id, cause, severity, title, detail, source, moment, moment, samples),
            )
            query = "select * from alert where cause = ? and state <> 'resolved'"
            return _alert(connection.execute(query, (cause,)).fetchone())

    def list_alerts(self, state: AlertState | None = None) -> list[Alert]:
        """Alerts, newest first; of one state or of all."""
        rows = self.rows(
            "select * from alert where ? is null or state = ? order by last_seen_at desc, alert_id", state, state
        )
        return [_alert(row) for row in rows]

    def acknowledge(self, alert_id: str, *, owner: str, note: str = "") -> Alert:
        """Somebody looks after it. `alert_id` may be shortened as long as it stays unique.

        Raises:
            UnknownAlertError: no alert, or several, start with this id.
        """
        return self._change(alert_id, "state = 'acknowledged', owner = ?, note = ?", owner, note)

    def resolve(self, alert_id: str, *, at: datetime, note: str | None = None) -> Alert:
        """It is dealt with; the same cause opens a new alert from now on.

        Raises:
            UnknownAlertError: no alert, or several, start with this id.
        """
        return self._change(
            alert_id, "state = 'resolved', resolved_at = ?, note = coalesce(?, note)", to_text(at), note
        )

    def resolve_cause(self, cause: str, *, at: datetime, note: str = "the cause is gone") -> bool:
        """Resolve the standing alert of a cause; False when there is none."""
        with self.transaction() as connection:
            cursor = connection.execute(
                "update alert set state = 'resolved', resolved_at = ?, note = coalesce(note, ?)"
                " where cause = ? and state <> 'resolved'",
                (to_text(at), note, cause),
            )
            return cursor.rowcount > 0

    def _change(self, alert_id: str, assignment: str, *values: Any) -> Alert:
        with self.transaction() as connection:
            found = connection.execute(
                "select alert_id from alert where substr(alert_id, 1, ?) = ?", (len(alert_id), alert_id)
            ).fetchall()
            if len(found) != 1 or not alert_id:
                raise UnknownAlertError(f"alert {alert_id!r}: {len(found)} alerts have an id that starts like this")
            full = found[0]["alert_id"]
            connection.execute(f"update alert set {assignment} where alert_id = ?", (*values, full))
            return _alert(connection.execute("select * from alert where alert_id = ?", (full,)).fetchone())


def _alert(row: sqlite3.Row) -> Alert:
    return Alert(
        alert_id=row["alert_id"],
        cause=row["cause"],
        severity=cast("Severity", row["severity"]),
        title=row["title"],
        detail=row["detail"],
        source=row["source"],
        first_seen_at=from_text(row["first_seen_at"]),
        last_seen_at=from_text(row["last_seen_at"]),
        count=int(row["count"]),
        state=cast("AlertState", row["state"]),
        owner=row["owner"],
        note=row["note"],
        resolved_at=from_text(row["resolved_at"]) if row["resolved_at"] else None,
        sample=tuple(json.loads(row["sample"])),
    )
