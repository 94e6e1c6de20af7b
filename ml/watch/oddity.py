"""A day of a source that is not like the days before it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

Kind = Literal[
    "silent", "duplicates", "clock", "volume_low", "volume_high", "amounts", "nulls", "mix", "categories", "orphans",
]  # fmt: skip
TREND_DAYS = 28


@dataclass(frozen=True)
class TrendPoint:
    """One day of the measured figure beside the range it was expected in; None where nothing was expected."""

    day: date
    observed: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Oddity:
    """What is odd about one source on one day.

    `what` says it without source and day; `measure` names the figure of the trend (`events`, `share`, `index`, …);
    `also` holds further findings of the same day that this one explains.
    """

    source: str
    day: date
    kind: Kind
    what: str
    detail: str
    observed: float
    low: float
    high: float
    measure: str
    trend: tuple[TrendPoint, ...] = ()
    also: tuple[str, ...] = ()

    def explaining(self, others: tuple[Oddity, ...]) -> Oddity:
        """The same with what it explains."""
        return replace(self, also=(*self.also, *(f"{other.kind}: {other.what}" for other in others)))


# A cause on the left makes findings on the right by itself, so they are told along with it and not beside it.
EXPLAINS: dict[Kind, frozenset[Kind]] = {
    "silent": frozenset({"volume_low", "mix", "categories", "clock", "amounts", "nulls", "orphans", "duplicates"}),
    "clock": frozenset({"volume_low", "volume_high", "mix", "categories"}),
    "volume_low": frozenset({"mix", "categories"}),
    "volume_high": frozenset({"mix", "categories"}),
    "nulls": frozenset({"categories", "orphans", "amounts"}),
    "mix": frozenset({"categories", "amounts"}),
}


def causes(found: list[Oddity]) -> list[Oddity]:
    """What remains when each finding that another one of the same source and day explains is told with that one."""
    kept = []
    for one in found:
        same = [other for other in found if other.source == one.source and other is not one]
        if not any(_explains(other, one) for other in same):
            kept.append(one.explaining(tuple(other for other in same if _explains(one, other))))
    return sorted(kept, key=lambda item: (item.day, item.source, item.kind))


def _explains(cause: Oddity, other: Oddity) -> bool:
    # A wrong clock moves rows over midnight, into the day before or after.
    reach = 1 if cause.kind == "clock" and other.kind != "clock" else 0
    return other.kind in EXPLAINS.get(cause.kind, frozenset()) and abs((cause.day - other.day).days) <= reach
