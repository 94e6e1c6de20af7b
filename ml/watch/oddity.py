"""A day of a source that is not like the days before it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

Kind = Literal[
    "silent", "duplicates", "clock", "volume_low", "volume_high", "amounts", "nulls", "mix", "categories", "orphans",
]  # fmt: skip
TREND_DAYS = 28
# The measure of a source that went quiet.
HOURS = "hours"


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
        return replace(self, also=(*self.also, *(f"{other.source}, {other.day}: {other.what}" for other in others)))


# A cause on the left makes findings on the right by itself, so they are told along with it and not beside it.
EXPLAINS: dict[Kind, frozenset[Kind]] = {
    "silent": frozenset({"volume_low", "mix", "categories", "clock", "amounts", "nulls", "orphans", "duplicates"}),
    "clock": frozenset({"volume_low", "volume_high", "mix", "categories"}),
    "volume_low": frozenset({"mix", "categories"}),
    "volume_high": frozenset({"mix", "categories"}),
    "nulls": frozenset({"categories", "orphans", "amounts"}),
    "mix": frozenset({"categories", "amounts"}),
}


# What a source of orders or products lacks, others refer to in vain.
LACKING = frozenset({"silent", "volume_low", "nulls", "clock"})


def causes(found: list[Oddity], referred: Collection[str] = ()) -> list[Oddity]:
    """What remains when each finding that another one explains is told with that one.

    Args:
        found: all findings.
        referred: sources of orders and products, to which lines and refunds of other sources refer.
    """
    kept = []
    for one in found:
        others = [other for other in found if other is not one]
        if not any(_explains(other, one, referred) for other in others):
            kept.append(one.explaining(tuple(other for other in others if _explains(one, other, referred))))
    return sorted(kept, key=lambda item: (item.day, item.source, item.kind))


def _explains(cause: Oddity, other: Oddity, referred: Collection[str]) -> bool:
    if cause.source != other.source:
        late = (other.day - cause.day).days
        return other.kind == "orphans" and cause.kind in LACKING and cause.source in referred and 0 <= late <= 1
    # A wrong clock moves rows over midnight, into the day before or after.
    reach = 1 if cause.kind == "clock" and other.kind != "clock" else 0
    return other.kind in EXPLAINS.get(cause.kind, frozenset()) and abs((cause.day - other.day).days) <= reach
