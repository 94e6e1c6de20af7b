"""Identity overrides: what an analyst said of two identifiers, kept free of contradiction."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from intake.ops_database import OpsDatabase
from intake.ops_records import IdentityOverride, from_text, to_text


@dataclass(frozen=True)
class RemovedOverride:
    """An override that was taken back, by whom and when."""

    override: IdentityOverride
    removed_by: str
    removed_at: datetime


class OverrideConflictError(ValueError):
    """A new override contradicts standing ones: `standing` has them, in the order of their chain."""

    def __init__(self, proposed: IdentityOverride, standing: Sequence[IdentityOverride]) -> None:
        self.proposed, self.standing = proposed, tuple(standing)
        super().__init__(f"{_told(proposed)} contradicts {'; '.join(_told(item) for item in standing)}")


class OverrideBook(OpsDatabase):
    """The override tables: what stands, and what was taken back."""

    def record_override(self, override: IdentityOverride) -> bool:
        """Note an analyst's link or un-link; the pair is kept with the smaller key first.

        Returns:
            False when the same was said of the pair before: the first word stays, with its reason.

        Raises:
            OverrideConflictError: it contradicts what stands, at once or through a chain of links.
            ValueError: both keys are the same identifier.
        """
        a_key, b_key = override.pair
        if a_key == b_key:
            raise ValueError(f"{override.kind}: both ends are the same identifier ({a_key})")
        values = (a_key, b_key, override.kind, override.actor, override.reason, to_text(override.created_at))
        with self.transaction() as connection:
            standing = _read(connection)
            if any(item.pair == override.pair and item.kind == override.kind for item in standing):
                return False
            against = contradicting(standing, override)
            if against:
                raise OverrideConflictError(override, against)
            connection.execute("insert into identity_override values (?, ?, ?, ?, ?, ?)", values)
        return True

    def overrides(self) -> list[IdentityOverride]:
        """All overrides that stand, oldest first."""
        with self.reading() as connection:
            return _read(connection)

    def removed_overrides(self) -> list[RemovedOverride]:
        """What was taken back, in that order."""
        rows = self.rows("select * from identity_override_removed order by removed_at, a_key, b_key")
        return [RemovedOverride(_record(row), row["removed_by"], from_text(row["removed_at"])) for row in rows]

    def remove_override(self, a_key: int, b_key: int, *, actor: str, at: datetime) -> IdentityOverride | None:
        """Take back what was said of a pair, and keep who did it; None when nothing stands."""
        pair = (min(a_key, b_key), max(a_key, b_key))
        with self.transaction() as connection:
            found = next((item for item in _read(connection) if item.pair == pair), None)
            if found is not None:
                connection.execute(
                    "insert into identity_override_removed select *, ?, ? from identity_override"
                    " where a_key = ? and b_key = ?",
                    (actor, to_text(at), *pair),
                )
                connection.execute("delete from identity_override where a_key = ? and b_key = ?", pair)
        return found


def contradicting(standing: Sequence[IdentityOverride], proposed: IdentityOverride) -> list[IdentityOverride]:
    """The standing overrides that a new one contradicts; empty when it fits.

    Links are transitive: an un-link contradicts the shortest chain of links between its ends; a link contradicts an
    un-link of anything its two ends are linked to, told with the chains that lead there.
    """
    links = [item for item in standing if item.kind == "must_link"]
    if proposed.kind == "cannot_link":
        return chain(links, *proposed.pair) or []
    for apart in (item for item in standing if item.kind == "cannot_link"):
        for near, far in (proposed.pair, proposed.pair[::-1]):
            left, right = chain(links, near, apart.a_key), chain(links, far, apart.b_key)
            if left is not None and right is not None:
                return [apart, *left, *right]
    return []


def chain(links: Sequence[IdentityOverride], start: int, end: int) -> list[IdentityOverride] | None:
    """The fewest links that lead from one key to another: empty for the same key, None when nothing leads there."""
    came_by: dict[int, IdentityOverride | None] = {start: None}
    waiting = deque([start])
    while waiting and end not in came_by:
        here = waiting.popleft()
        for link in (link for link in links if here in link.pair):
            there = sum(link.pair) - here
            if there not in came_by:
                came_by[there] = link
                waiting.append(there)
    return _walk(came_by, end) if end in came_by else None


def _walk(came_by: dict[int, IdentityOverride | None], end: int) -> list[IdentityOverride]:
    steps: list[IdentityOverride] = []
    while (link := came_by[end]) is not None:
        steps.append(link)
        end = sum(link.pair) - end
    return steps[::-1]


def _read(connection: sqlite3.Connection) -> list[IdentityOverride]:
    rows = connection.execute("select * from identity_override order by created_at, a_key, b_key").fetchall()
    return [_record(row) for row in rows]


def _record(row: sqlite3.Row) -> IdentityOverride:
    said = (row["a_key"], row["b_key"], row["kind"], row["actor"], row["reason"])
    return IdentityOverride(*said, from_text(row["created_at"]))


def _told(item: IdentityOverride) -> str:
    return f"{item.kind} {item.a_key} {item.b_key} ({item.actor}, {item.created_at:%Y-%m-%d %H:%M} UTC: {item.reason})"
