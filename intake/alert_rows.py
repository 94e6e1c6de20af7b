"""Rows of the alert table as records, and the days of an alert as words."""

from __future__ import annotations

import json
import sqlite3
from datetime import date
from typing import cast

from intake.ops_records import Alert, AlertState, Severity, from_text


def alert_of(row: sqlite3.Row) -> Alert:
    """One row of `alert`, joined with its mute."""
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
        family=row["family"] or row["cause"],
        kind=row["kind"] or row["cause"].split(":", 1)[0],
        first_day=_day(row["first_day"]),
        last_day=_day(row["last_day"]),
        evidence=json.loads(row["evidence"]),
        earlier_id=row["earlier_id"],
        muted_until=from_text(row["muted_until"]) if row["muted_until"] else None,
    )


def dated(title: str, source: str, first: date | None, last: date | None) -> str:
    """The title with its days behind the source: `web, 2017-09-28 to 2017-09-30: no events`."""
    if first is None or last is None:
        return title
    days = str(first) if first == last else f"{first} to {last}"
    rest = title.removeprefix(f"{source}:")
    return f"{title}, {days}" if rest == title else f"{source}, {days}:{rest}"


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
