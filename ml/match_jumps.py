"""Days on which a source was recognised far better or far worse than in the week before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt

import pandas as pd

BASELINE_DAYS = 7
# Fewer say nothing about a day; a week needs as many on at least three of its days.
MINIMUM_EVENTS = 100
MINIMUM_DAYS = 3
# A share of n visits scatters by its standard error; three of them are exceeded by chance on one day in 370.
STANDARD_ERRORS = 3.0


@dataclass(frozen=True)
class MatchJump:
    """A source's match rate on one day beside that of the 7 days before, both 0-1."""

    source: str
    day: date
    rate: float
    before: float

    @property
    def sentence(self) -> str:
        """The jump in words."""
        moved = "fell" if self.rate < self.before else "rose"
        rates = f"{self.rate:.1%} on {self.day}, from {self.before:.1%} the week before"
        return f"{self.source}: match rate {moved} to {rates}"


def match_jumps(daily: pd.DataFrame, day: date, *, jump: float) -> list[MatchJump]:
    """Sources whose match rate on `day` left that of the 7 days before by more than `jump` and more than chance.

    The week before counts as one: its matched events over its events. Events of one visit are matched together or not
    at all, so chance is reckoned with visits (sessions) where a source has them, else with events: the difference must
    exceed three standard errors of a difference of two shares.

    Args:
        daily: one row a source and day: source, event_date, events, matched, sessions.
        day: the day that is judged.
        jump: bound on the absolute difference, 0-1.
    """
    dates = pd.to_datetime(daily["event_date"]).dt.date
    enough = daily.assign(event_date=dates)[daily["events"] >= MINIMUM_EVENTS]
    week = (enough["event_date"] >= day - timedelta(days=BASELINE_DAYS)) & (enough["event_date"] < day)
    today, before = enough[enough["event_date"] == day], enough[week]
    found = []
    for source, one in today.groupby("source"):
        base = before[before["source"] == source]
        if len(base) >= MINIMUM_DAYS and _differs(one, base, jump):
            found.append(MatchJump(str(source), day, _rate(one), _rate(base)))
    return found


def _differs(one: pd.DataFrame, base: pd.DataFrame, jump: float) -> bool:
    difference = abs(_rate(one) - _rate(base))
    common = _rate(pd.concat([one, base]))
    error = sqrt(common * (1 - common) * (1 / _units(one) + 1 / _units(base)))
    return difference > jump and difference > STANDARD_ERRORS * error


def _rate(rows: pd.DataFrame) -> float:
    return float(rows["matched"].sum() / rows["events"].sum())


def _units(rows: pd.DataFrame) -> float:
    sessions = int(rows["sessions"].sum())
    return float(sessions if sessions else rows["events"].sum())
