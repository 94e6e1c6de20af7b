"""What stood in raw events before a cut-off, read in plain Python: the oracle's only way to the company's past."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.dbt.dbt_room import Event, hashed

SHOP = ZoneInfo("America/New_York")


@dataclass(frozen=True)
class Seen:
    """One event as the oracle sees it; `ago` counts days before the cut-off."""

    raw: Event
    kind: str
    at: datetime
    day: date
    received: datetime
    ago: int
    properties: dict[str, Any]

    def get(self, name: str) -> Any:
        """A column of the event."""
        return self.raw[name]

    @property
    def local(self) -> datetime:
        """When it was on the shop's wall clock."""
        return self.at.astimezone(SHOP)

    @property
    def opens_a_visit(self) -> bool:
        """The company's visits begin with the event of number 0."""
        return self.raw["session_id"] is not None and self.raw["event_id"] == f"{self.raw['session_id']}-0"


def visible(events: Iterable[Event], as_of: datetime) -> list[Seen]:
    """Events that had occurred and arrived on a day before `as_of`, a midnight."""
    last = as_of.date()
    found = []
    for row in events:
        if row["occurred_at"].date() < last and row["received_at"].date() < last:
            day = row["occurred_at"].date()
            found.append(Seen(row, row["event_type"], row["occurred_at"], day, row["received_at"],
                              (last - day).days, json.loads(row["properties"])))  # fmt: skip
    return found


def of(seen: Iterable[Seen], who: str) -> list[Seen]:
    """Events that carry this identifier, `type:value`."""
    kind, value = who.split(":", 1)
    mine = {"type": kind, "value": hashed(kind, value)}
    return [row for row in seen if mine in row.get("identifiers")]


def latest(rows: Iterable[Seen], value: Callable[[Seen], Any], at: str = "at") -> Any:
    """The value of the row seen last among those that have one."""
    known = [(getattr(row, at), value(row)) for row in rows if value(row) is not None]
    return max(known)[1] if known else None


def ratio(numerator: float | Decimal, denominator: float | Decimal) -> Decimal | None:
    """Rounded to six places; None over nothing."""
    return None if not denominator else Decimal(str(round(float(numerator) / float(denominator), 6)))


def plain(text: str) -> str:
    """A question as a name."""
    return re.sub(r"[^\w]+|_+", "_", text.lower()).strip("_")


def decay(days: int) -> int:
    """Millionths left after this many days."""
    return round(1_000_000 * 0.5 ** (days / 30))


def usual(rows: Sequence[Seen], value: Callable[[Seen], Any], counted: Callable[[Seen], bool]) -> Any:
    """The most frequent value among counted rows; of equals the one that any row had latest, then the larger."""
    tally: dict[Any, tuple[int, datetime]] = {}
    for row in rows:
        if value(row) is not None:
            n, at = tally.get(value(row), (0, row.at))
            tally[value(row)] = n + counted(row), max(at, row.at)
    ranked = [(n, at, name) for name, (n, at) in tally.items() if n]
    return max(ranked)[2] if ranked else None


def midnight(day: str) -> datetime:
    """Midnight of a date."""
    return datetime.fromisoformat(day)


def days(n: float) -> timedelta:
    """A stretch of days."""
    return timedelta(days=n)
