"""What an analyst does with alerts: acknowledge, resolve, mute, and read what happened to them."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Any

from intake.alert_rows import alert_of
from intake.ops_alerts import SELECT, SYSTEM, add_note
from intake.ops_database import OpsDatabase
from intake.ops_records import Alert, AlertNote, from_text, to_text
from intake.scrub import scrub_text

LONGEST_NOTE = 2000


class UnknownAlertError(LookupError):
    """No alert has this id, or more than one starts with it."""


class AlertStateError(ValueError):
    """The alert is not in a state that allows this."""


class NoteTooLongError(ValueError):
    """A note on an alert has more characters than are kept."""


class AlertDesk(OpsDatabase):
    """Changes by people; each leaves a line in the alert's history.

    A note has at most 2,000 characters (NoteTooLongError), and personal data are taken out of it before it is kept.
    """

    def alert(self, alert_id: str) -> Alert:
        """One alert by its id or the first characters of it.

        Raises:
            UnknownAlertError: no alert, or several, start with this id.
        """
        with self.reading() as connection:
            return _get(connection, _full_id(connection, alert_id))

    def acknowledge(self, alert_id: str, *, owner: str, at: datetime, note: str = "") -> Alert:
        """Somebody looks after it. `alert_id` may be shortened as long as it stays unique.

        Raises:
            UnknownAlertError: no alert, or several, start with this id.
            AlertStateError: it is resolved.
        """
        return self._change(alert_id, owner, at, "acknowledged", note, "state = 'acknowledged', owner = ?", owner)

    def resolve(self, alert_id: str, *, at: datetime, note: str | None = None, actor: str = SYSTEM) -> Alert:
        """It is dealt with; the same cause opens a new alert from now on.

        Raises:
            UnknownAlertError: no alert, or several, start with this id.
            AlertStateError: it is resolved already.
        """
        return self._change(
            alert_id, actor, at, "resolved", note or "", "state = 'resolved', resolved_at = ?", to_text(at)
        )

    def mute(self, alert_id: str, *, until: datetime, at: datetime, actor: str, note: str = "") -> Alert:
        """Silence the alert's family (source and kind) until a moment: it goes on counting, unseen and unsent.

        Raises:
            UnknownAlertError: no alert, or several, start with this id.
            AlertStateError: `until` is not after `at`.
        """
        if until <= at:
            raise AlertStateError(f"until: {until:%Y-%m-%d %H:%M} is not later than now ({at:%Y-%m-%d %H:%M} UTC)")
        note = _kept(note)
        with self.transaction() as connection:
            found = _get(connection, _full_id(connection, alert_id))
            connection.execute(
                "insert or replace into alert_mute values (?, ?, ?, ?, ?)",
                (found.family, to_text(until), actor, note, to_text(at)),
            )
            add_note(connection, found.alert_id, at, actor, f"muted until {until:%Y-%m-%d %H:%M} UTC", note)
            return _get(connection, found.alert_id)

    def unmute(self, alert_id: str, *, at: datetime, actor: str, note: str = "") -> Alert:
        """Let the alert's family be seen again.

        Raises:
            UnknownAlertError: no alert, or several, start with this id.
            AlertStateError: it is not muted.
        """
        note = _kept(note)
        with self.transaction() as connection:
            found = _get(connection, _full_id(connection, alert_id))
            if not connection.execute("delete from alert_mute where family = ?", (found.family,)).rowcount:
                raise AlertStateError(f"alert {found.alert_id}: it is not muted")
            add_note(connection, found.alert_id, at, actor, "unmuted", note)
            return _get(connection, found.alert_id)

    def alert_notes(self, alert_id: str) -> list[AlertNote]:
        """What happened to an alert (full id), oldest first."""
        rows = self.rows("select * from alert_note where alert_id = ? order by at, note_id", alert_id)
        return [AlertNote(from_text(row["at"]), row["actor"], row["action"], row["note"]) for row in rows]

    def note_consequence(self, alert_id: str, *, at: datetime, note: str) -> bool:
        """Say once what an alert's cause led to; with such news it is a warning at least. False when it was said."""
        with self.transaction() as connection:
            known = connection.execute(
                "select 1 from alert_note where alert_id = ? and action = 'led to' and note = ?", (alert_id, note)
            ).fetchone()
            if known is None:
                add_note(connection, alert_id, at, SYSTEM, "led to", note)
                connection.execute(
                    "update alert set severity = 'warning' where alert_id = ? and severity = 'info'", (alert_id,)
                )
            return known is None

    def _change(
        self, alert_id: str, actor: str, at: datetime, action: str, note: str, assignment: str, *values: Any
    ) -> Alert:
        note = _kept(note)
        with self.transaction() as connection:
            full = _full_id(connection, alert_id)
            found = _get(connection, full)
            if found.state == "resolved":
                raise AlertStateError(
                    f"alert {full}: it was resolved on {found.resolved_at:%Y-%m-%d %H:%M} UTC; a new one opens when the"
                    " cause is met again"
                )
            # The note before stands until another is written.
            connection.execute(
                f"update alert set {assignment}, note = coalesce(nullif(?, ''), note) where alert_id = ?",
                (*values, note, full),
            )
            add_note(connection, full, at, actor, action, note)
            return _get(connection, full)


def _kept(note: str) -> str:
    if len(note) > LONGEST_NOTE:
        raise NoteTooLongError(f"note: {len(note):,} characters, at most {LONGEST_NOTE:,} are kept")
    return scrub_text(note)


def _full_id(connection: sqlite3.Connection, alert_id: str) -> str:
    found = connection.execute(
        "select alert_id from alert where substr(alert_id, 1, ?) = ?", (len(alert_id), alert_id)
    ).fetchall()
    if len(found) != 1 or not alert_id:
        raise UnknownAlertError(f"alert {alert_id!r}: {len(found)} alerts have an id that starts like this")
    return str(found[0]["alert_id"])


def _get(connection: sqlite3.Connection, full: str) -> Alert:
    return alert_of(connection.execute(f"{SELECT} where alert_id = ?", (full,)).fetchone())
