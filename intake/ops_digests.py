"""Digests of new alerts: which alert went to which receiver in which message, and whether it arrived."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from intake.ops_database import OpsDatabase
from intake.ops_records import from_text, to_text


@dataclass(frozen=True)
class Digest:
    """One message to one receiver; `attempts` above 0 means that a delivery was begun."""

    digest_id: str
    channel: str
    made_at: datetime
    attempts: int
    body: str


class DigestBook(OpsDatabase):
    """The outbox. A digest and its alerts are written in one transaction before anything is sent."""

    def make_digest(self, channel: str, alert_ids: Sequence[str], body: str, *, at: datetime) -> Digest:
        """Put a message into the outbox; its alerts count as told to this receiver."""
        name = hashlib.sha256("|".join([channel, to_text(at), *sorted(alert_ids)]).encode()).hexdigest()[:12]
        with self.transaction() as connection:
            connection.execute(
                "insert into alert_digest (digest_id, channel, made_at, state, body) values (?, ?, ?, 'ready', ?)",
                (name, channel, to_text(at), body),
            )
            connection.executemany(
                "insert into alert_digest_item values (?, ?, ?)", [(channel, item, name) for item in alert_ids]
            )
        return Digest(name, channel, at, 0, body)

    def unsent_digests(self, channel: str) -> list[Digest]:
        """Messages whose arrival was never confirmed, oldest first."""
        query = "select * from alert_digest where channel = ? and state <> 'sent' order by made_at, digest_id"
        return [_digest(row) for row in self.rows(query, channel)]

    def begin_delivery(self, digest_id: str, *, at: datetime) -> None:
        """Note that sending starts now."""
        with self.transaction() as connection:
            connection.execute(
                "update alert_digest set state = 'sending', attempts = attempts + 1, last_attempt_at = ?"
                " where digest_id = ?",
                (to_text(at), digest_id),
            )

    def confirm_delivery(self, digest_id: str, *, at: datetime) -> None:
        """Note that the receiver took it."""
        with self.transaction() as connection:
            connection.execute(
                "update alert_digest set state = 'sent', sent_at = ? where digest_id = ?", (to_text(at), digest_id)
            )

    def told_alerts(self, channel: str) -> set[str]:
        """Ids of the alerts that this receiver's messages hold, sent or not."""
        return {row["alert_id"] for row in self.rows("select * from alert_digest_item where channel = ?", channel)}

    def last_digest_at(self, channel: str) -> datetime | None:
        """When the receiver's newest message was made."""
        found = self.rows("select max(made_at) as at from alert_digest where channel = ?", channel)[0]["at"]
        return from_text(found) if found else None


def _digest(row: sqlite3.Row) -> Digest:
    return Digest(row["digest_id"], row["channel"], from_text(row["made_at"]), int(row["attempts"]), row["body"])
