"""Pauses: those that people set, and those that looks at surfaces made; what was looked at, and every step since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from intake.ops_alerts import SYSTEM
from intake.ops_database import OpsDatabase
from intake.ops_records import Pause, from_text, to_text
from intake.pause_records import ARM, BY_HAND, Look, PauseEvent, Standing, Streak, is_arm
from intake.pause_rows import DAY, event_of, keep_look, standing_of, streak_of, write_step
from intake.pause_rules import Rule, after

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
            write_step(connection, Look(scope, BY_HAND, "breach", reason), "pause", actor, at)
        return Pause(scope, reason, actor, at)

    def pauses(self) -> list[Pause]:
        """The pauses in force in order of scope, a person's first."""
        with self.reading() as connection:
            rows = connection.execute("select * from pause order by scope").fetchall()
            events = [event_of(row) for row in connection.execute(_LATEST)]
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
                write_step(connection, look, "resume", actor, at, at + grace if pause.is_automatic else None)
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
                standing = standing_of(connection, look.surface, look.cause, at)
                if standing.streak.at is not None and timedelta(0) <= at - standing.streak.at < timedelta(
                    seconds=every
                ):
                    continue
                streak, step = after(standing, look, rules[look.cause], at)
                if step is not None:
                    streak = Streak(look=look, at=at)
                    steps.append(write_step(connection, look, step, actor, at))
                keep_look(connection, streak)
        return steps

    def standings(self, now: datetime) -> dict[tuple[str, str], Standing]:
        """How every surface stands that was ever looked at, by (surface, cause); a person's pauses are left out."""
        with self.reading() as connection:
            last = {(row["surface"], row["cause"]): event_of(row) for row in connection.execute(_LATEST)}
            rows = connection.execute("select * from guardrail_look").fetchall()
            counted = connection.execute(_RESUMED, (to_text(now - DAY),)).fetchall()
        streaks = {(row["surface"], row["cause"]): streak_of(row) for row in rows}
        resumed = {(row["surface"], row["cause"]): int(row["n"]) for row in counted}
        return {
            key: Standing(last.get(key), streaks.get(key, Streak()), resumed.get(key, 0))
            for key in sorted({*last, *streaks})
        }

    def pause_events(self, surface: str | None = None) -> list[PauseEvent]:
        """Every step, oldest first; of one surface or of all."""
        sql = "select * from guardrail_event where ? is null or surface = ? order by event_id"
        return [event_of(row) for row in self.rows(sql, surface, surface)]
