"""Rows of the pause tables: read as records, written as steps with what belongs to them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from intake.ops_alerts import finding, raise_alert, resolve_alerts
from intake.ops_records import from_text, to_text
from intake.pause_records import ARM, BY_HAND, Look, PauseEvent, Standing, Step, Streak, is_arm

ALERTS = "pause:"
"""Beginning of the causes of alerts about automatic pauses: `pause:<surface>:<cause>`."""
DAY = timedelta(days=1)


def standing_of(connection: sqlite3.Connection, surface: str, cause: str, now: datetime) -> Standing:
    """How one surface stands for one cause, within the caller's transaction."""
    last = connection.execute(
        "select * from guardrail_event where surface = ? and cause = ? order by event_id desc limit 1", (surface, cause)
    ).fetchone()
    resumed = connection.execute(
        "select count(*) from guardrail_event where surface = ? and cause = ? and kind = 'resume' and until is null"
        " and at > ?",
        (surface, cause, to_text(now - DAY)),
    ).fetchone()[0]
    row = connection.execute(
        "select * from guardrail_look where surface = ? and cause = ?", (surface, cause)
    ).fetchone()  # fmt: skip
    return Standing(event_of(last) if last else None, streak_of(row) if row else Streak(), int(resumed))


def streak_of(row: sqlite3.Row) -> Streak:
    """One row of `guardrail_look`."""
    evidence = json.loads(row["evidence"])
    subjects = tuple(evidence.get("subjects", ()))
    look = Look(row["surface"], row["cause"], row["verdict"], row["told"], evidence, subjects)
    return Streak(row["breaches"], row["healthy"], look, from_text(row["at"]))


def keep_look(connection: sqlite3.Connection, streak: Streak) -> None:
    """Put the last look in the place of the one before."""
    look, at = streak.look, streak.at
    if look is not None and at is not None:
        connection.execute(
            "insert or replace into guardrail_look values (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                look.surface, look.cause, to_text(at), look.verdict, streak.breaches, streak.healthy, look.told,
                json.dumps(_evidence(look), default=str),
            ),
        )  # fmt: skip


def write_step(
    connection: sqlite3.Connection, look: Look, step: Step, actor: str, at: datetime, until: datetime | None = None
) -> PauseEvent:
    """One step with its alert, and of an arm the line in its experiment's history."""
    evidence = _evidence(look)
    values = (
        look.surface, step, look.cause, to_text(at), actor, to_text(until) if until else None, look.told,
        json.dumps(evidence, default=str),
    )  # fmt: skip
    cursor = connection.execute(
        "insert into guardrail_event (surface, kind, cause, at, actor, until, reason, evidence)"
        " values (?, ?, ?, ?, ?, ?, ?, ?)",
        values,
    )
    if look.cause != BY_HAND:
        _tell(connection, look, step, actor, at, until)
    if is_arm(look.surface):
        _note_arm(connection, look, step, actor, at, evidence)
    return PauseEvent(int(cursor.lastrowid or 0), look.surface, step, look.cause, at, actor, until, look.told, evidence)


def _tell(
    connection: sqlite3.Connection, look: Look, step: Step, actor: str, at: datetime, until: datetime | None
) -> None:  # fmt: skip
    cause = f"{ALERTS}{look.surface}:{look.cause}"
    if step == "pause":
        what = "everything is" if look.surface == "all" else f"{look.surface} is"
        raise_alert(
            connection,
            finding(
                cause,
                severity="critical",
                title=f"{what} paused: {look.told}",
                at=at,
                detail="The plain variant is answered until it is resumed: concierge pause status.",
                source="pausing",
                evidence=_evidence(look),
            ),
        )
        return
    left = f"; for the same reason not paused again before {until:%Y-%m-%d %H:%M} UTC" if until else ""
    resolve_alerts(connection, cause, at=at, note=f"resumed by {actor}: {look.told}{left}", actor=actor)


def _note_arm(
    connection: sqlite3.Connection, look: Look, step: Step, actor: str, at: datetime, evidence: Mapping[str, Any]
) -> None:
    name, version, arm = look.surface.removeprefix(ARM).split("/", 2)
    told = {**evidence, "arm": arm, "is_paused": step == "pause", "cause": look.cause}
    connection.execute(
        "insert into experiment_event (experiment, version, kind, at, actor, share, reason, evidence)"
        " values (?, ?, 'arm', ?, ?, null, ?, ?)",
        (name, int(version), to_text(at), actor, look.told, json.dumps(told, default=str)),
    )


def _evidence(look: Look) -> dict[str, Any]:
    return {**look.evidence, "subjects": list(look.subjects or look.evidence.get("subjects", ()))}


def event_of(row: sqlite3.Row) -> PauseEvent:
    """One row of `guardrail_event`."""
    return PauseEvent(
        row["event_id"],
        row["surface"],
        row["kind"],
        row["cause"],
        from_text(row["at"]),
        row["actor"],
        from_text(row["until"]) if row["until"] else None,
        row["reason"],
        json.loads(row["evidence"]),
    )
