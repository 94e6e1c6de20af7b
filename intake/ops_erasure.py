"""Erasure requests, tombstones and the record of who looked at whose data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from intake.ops_database import OpsDatabase
from intake.ops_records import from_text, to_text
from intake.tombstones import Tombstone


@dataclass(frozen=True)
class ErasureRequest:
    """One pass of `concierge erase`; `steps` are the stores that are done, `open` means that it has to be finished."""

    request_id: str
    requested_at: datetime
    actor: str
    people: int
    state: Literal["open", "done"] = "open"
    steps: tuple[str, ...] = ()
    finished_at: datetime | None = None


@dataclass(frozen=True)
class SubjectAccess:
    """Who was given what is held about a person, and when; the person only as a tombstone token."""

    at: datetime
    actor: str
    token: str
    detail: Mapping[str, Any] = field(default_factory=dict)


class ErasureHalfDoneError(RuntimeError):
    """An erasure was interrupted: nothing may be published before it is finished."""


class ErasureBook(OpsDatabase):
    """The part of the store that erasure and subject access write."""

    def open_erasure(self, request: ErasureRequest, tombstones: Sequence[Tombstone]) -> None:
        """Record a request and its tombstones in one transaction: from here on nobody of them comes back."""
        values = (request.request_id, to_text(request.requested_at), request.actor, request.people)
        with self.transaction() as connection:
            connection.execute("insert into erasure_request values (?, ?, ?, ?, 'open', '[]', null)", values)
            connection.executemany(
                "insert or replace into erasure_tombstone values (?, ?, ?, ?, ?, ?)", map(_row, tombstones)
            )

    def erase_decisions(self, tokens: Sequence[str], at: datetime) -> None:
        """Note that decisions were of somebody who was erased, so that a question after them is not answered wrongly.

        Args:
            tokens: `token_of` their personalization ids, which tell nobody's.
            at: when.
        """
        with self.transaction() as connection:
            rows = [(token, to_text(at)) for token in tokens]
            connection.executemany("insert or ignore into erased_decision values (?, ?)", rows)

    def erased_decisions(self) -> frozenset[str]:
        """Tokens of all decisions of people who were erased."""
        return frozenset(row["token"] for row in self.rows("select token from erased_decision"))

    def decision_erased_at(self, token: str) -> datetime | None:
        """When the person of a decision was erased; None when nobody was."""
        found = self.rows("select erased_at from erased_decision where token = ?", token)
        return from_text(found[0]["erased_at"]) if found else None

    def erasure_step(self, request_id: str, steps: Sequence[str]) -> None:
        """Note which stores are done."""
        with self.transaction() as connection:
            connection.execute(
                "update erasure_request set steps = ? where request_id = ?", (json.dumps(list(steps)), request_id)
            )

    def close_erasure(self, request_id: str, at: datetime) -> None:
        """The request is done."""
        with self.transaction() as connection:
            connection.execute(
                "update erasure_request set state = 'done', finished_at = ? where request_id = ?",
                (to_text(at), request_id),
            )

    def erasures(self, state: str | None = None) -> list[ErasureRequest]:
        """Requests, oldest first."""
        rows = self.rows(
            "select * from erasure_request where ? is null or state = ? order by requested_at, request_id", state, state
        )
        return [
            ErasureRequest(
                row["request_id"],
                from_text(row["requested_at"]),
                row["actor"],
                row["people"],
                row["state"],
                tuple(json.loads(row["steps"])),
                from_text(row["finished_at"]) if row["finished_at"] else None,
            )
            for row in rows
        ]

    def tombstones(self) -> list[Tombstone]:
        """All of them, in order of their tokens."""
        rows = self.rows("select * from erasure_tombstone order by token, kind, from_at")
        return [
            Tombstone(
                row["token"],
                row["kind"],
                row["type"],
                from_text(row["from_at"]),
                from_text(row["until_at"]),
                row["request_id"],
            )
            for row in rows
        ]

    def require_no_open_erasure(self) -> None:
        """Whoever publishes asks this first.

        Raises:
            ErasureHalfDoneError: a request was interrupted.
        """
        waiting = self.erasures("open")
        if waiting:
            raise ErasureHalfDoneError(
                f"erasure {waiting[0].request_id} is half done; finish it with: concierge erase --resume"
            )

    def record_access(self, access: SubjectAccess) -> None:
        """Note that somebody was given what is held about a person."""
        values = (to_text(access.at), access.actor, access.token, json.dumps(dict(access.detail), sort_keys=True))
        with self.transaction() as connection:
            connection.execute("insert into subject_access (at, actor, token, detail) values (?, ?, ?, ?)", values)

    def accesses(self) -> list[SubjectAccess]:
        """Every subject access, oldest first."""
        rows = self.rows("select * from subject_access order by at, access_id")
        return [
            SubjectAccess(from_text(row["at"]), row["actor"], row["token"], json.loads(row["detail"])) for row in rows
        ]


def _row(stone: Tombstone) -> tuple[str, ...]:
    return (stone.token, stone.kind, stone.type, to_text(stone.from_at), to_text(stone.until_at), stone.request_id)
