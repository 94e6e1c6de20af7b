"""Pauses: those that people set, and those that looks at surfaces made; what was looked at, and every step since."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from intake.ops_alerts import SYSTEM, finding, raise_alert, resolve_alerts
from intake.ops_database import OpsDatabase
from intake.ops_records import Pause, from_text, to_text
from intake.pause_records import ARM, BY_HAND, Look, PauseEvent, Standing, Step, Streak, is_arm
from intake.pause_rules import Rule, after

ALERTS = "pause:"
"""Beginning of the causes of alerts about automatic pauses: `pause:<surface>:<cause>`."""
_DAY = timedelta(days=1)
_LATEST = """
    select * from guardrail_event where event_id in (
        select max(event_id) from guardrail_event where cause <> 'by_hand' group by surface, cause
    )
"""
_RESUMED = """
    select surface, cause, count(*) as n from guardrail_event
    where kind = 'resume' and until is null and cause <> 'by_hand' and at > ? group by surface, cause
"""


class PauseBook(OpsDatabase):
    """Tables `pause` (by hand), `guardrail_event` (steps, both ways) and `guardrail_look` (the last look of each)."""

    def set_pause(self, scope: str, *, reason: str, actor: str, at: datetime) -> Pause:
        """Stop personalizing one placement, or everything with scope `all`; no look lifts it."""
        with self.transaction() as connection:
            connection.execute("insert or replace into pause values (?, ?, ?, ?)", (scope, reason, actor, to_text(at)))
            _write(connection, Look(scope, BY_HAND, "breach", reason), "pause", actor, at)
        return Pause(scope, reason, actor, at)

    def pauses(self) -> list[Pause]:
        """The pauses in force in order of scope, a person's first."""
        with self.reading() as connection:
            rows = connection.execute("select * from pause order by scope").fetchall()
            events = [_event(row) for row in connection.execute(_LATEST)]
        found = [Pause(row["scope"], row["reason"], row["actor"], from_text(row["created_at"])) for row in rows]
        found += [
            Pause(one.surface, one.reason, one.actor, one.at, one.cause, one.evidence)
            for one in events
            if one.kind == "pause"
        ]
        return sorted(found, key=lambda pause: (pause.scope, pause.cause))

    def paused_arms(self) -> frozenset[tuple[str, int, str]]:
        """Arms that are paused, by whomever: experiment, version, arm."""
        parts = [pause.scope.removeprefix(ARM).split("/", 2) for pause in self.pauses() if is_arm(pause.scope)]
        return frozenset((name, int(version), arm) for name, version, arm in parts)

    def lift(
        self, scope: str, *, actor: str, at: datetime, reason: str, grace: timedelta, cause: str = ""
    ) -> list[Pause]:
        """A person lifts the pauses of a scope, or those of one cause (`by_hand` is the person's own).

        What a look paused is left alone for `grace`, as long as the reasons are those that were known.

        Returns:
            What was lifted; empty when nothing was paused.
        """
        lifted = [
            pause for pause in self.pauses() if pause.scope == scope and cause in ("", pause.cause or BY_HAND)
        ]  # fmt: skip
        with self.transaction() as connection:
            for pause in lifted:
                if not pause.is_automatic:
                    connection.execute("delete from pause where scope = ?", (scope,))
                look = Look(scope, pause.cause or BY_HAND, "healthy", reason, pause.evidence)
                _write(connection, look, "resume", actor, at, at + grace if pause.is_automatic else None)
        return lifted

    def record_looks(
        self, looks: Sequence[Look], rules: Mapping[str, Rule], at: datetime, *, actor: str = SYSTEM, every: float = 0.0
    ) -> list[PauseEvent]:
        """Keep looks and take the steps that follow from them; all of it, or nothing.

        Args:
            looks: one a surface and cause.
            rules: by cause.
            at: aware.
            actor: who looks.
            every: seconds; of looks of several workers within so short a time only the first counts.

        Returns:
            The steps that were taken: pauses and resumptions.
        """
        steps = []
        with self.transaction() as connection:
            for look in looks:
                standing = _standing(connection, look.surface, look.cause, at)
                if standing.streak.at is not None and timedelta(0) <= at - standing.streak.at < timedelta(
                    seconds=every
                ):
                    continue
                streak, step = after(standing, look, rules[look.cause], at)
                if step is not None:
                    streak = Streak(look=look, at=at)
                    steps.append(_write(connection, look, step, actor, at))
                _keep(connection, streak)
        return steps

    def standings(self, now: datetime) -> dict[tuple[str, str], Standing]:
        """How every surface stands that was ever looked at, by (surface, cause); a person's pauses are left out."""
        with self.reading() as connection:
            last = {(row["surface"], row["cause"]): _event(row) for row in connection.execute(_LATEST)}
            rows = connection.execute("select * from guardrail_look").fetchall()
            counted = connection.execute(_RESUMED, (to_text(now - _DAY),)).fetchall()
        streaks = {(row["surface"], row["cause"]): _streak(row) for row in rows}
        resumed = {(row["surface"], row["cause"]): int(row["n"]) for row in counted}
        return {
            key: Standing(last.get(key), streaks.get(key, Streak()), resumed.get(key, 0))
            for key in sorted({*last, *streaks})
        }

    def pause_events(self, surface: str | None = None) -> list[PauseEvent]:
        """Every step, oldest first; of one surface or of all."""
        sql = "select * from guardrail_event where ? is null or surface = ? order by event_id"
        return [_event(row) for row in self.rows(sql, surface, surface)]


def _standing(connection: sqlite3.Connection, surface: str, cause: str, now: datetime) -> Standing:
    last = connection.execute(
        "select * from guardrail_event where surface = ? and cause = ? order by event_id desc limit 1", (surface, cause)
    ).fetchone()
    resumed = connection.execute(
        "select count(*) from guardrail_event where surface = ? and cause = ? and kind = 'resume' and until is null"
        " and at > ?",
        (surface, cause, to_text(now - _DAY)),
    ).fetchone()[0]
    row = connection.execute(
        "select * from guardrail_look where surface = ? and cause = ?", (surface, cause)
    ).fetchone()  # fmt: skip
    return Standing(_event(last) if last else None, _streak(row) if row else Streak(), int(resumed))


def _streak(row: sqlite3.Row) -> Streak:
    evidence = json.loads(row["evidence"])
    subjects = tuple(evidence.get("subjects", ()))
    look = Look(row["surface"], row["cause"], row["verdict"], row["told"], evidence, subjects)
    return Streak(row["breaches"], row["healthy"], look, from_text(row["at"]))


def _keep(connection: sqlite3.Connection, streak: Streak) -> None:
    look, at = streak.look, streak.at
    if look is not None and at is not None:
        connection.execute(
            "insert or replace into guardrail_look values (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                look.surface, look.cause, to_text(at), look.verdict, streak.breaches, streak.healthy, look.told,
                json.dumps(_evidence(look), default=str),
            ),
        )  # fmt: skip


def _write(
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


def _event(row: sqlite3.Row) -> PauseEvent:
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
