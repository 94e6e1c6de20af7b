"""How long a source may be quiet, learned from how long it was quiet before."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

import numpy as np

from ml.watch.oddity import HOURS, Oddity

# Gaps of the source's days with arrivals; fewer say nothing about its rhythm.
LEAST_GAPS = 3
WINDOW_DAYS = 180
# Half a gap of grace: a weekly file that comes on Thursday instead of Monday is late and not lost.
GRACE = 1.5
# A source that comes when something happens (consent, coupons) has gaps as chance makes them: one in 3,000 is eight
# times as long as the mean. Fewer gaps say nothing about it.
IRREGULAR_GRACE, MEAN_GAPS, IRREGULAR_GAPS, RECENT_GAPS = 3.0, 8.0, 10, 10
DAY_HOURS = 24.0


@dataclass(frozen=True)
class Silence:
    """How long a source has been quiet, and how long it may be, hours; `allowed` None: no rhythm known."""

    source: str
    last_received_at: datetime
    hours: float
    allowed: float | None
    learned: bool

    @property
    def is_stale(self) -> bool:
        """Quiet for longer than it may be."""
        return self.allowed is not None and self.hours > self.allowed

    def oddity(self, until: date) -> Oddity:
        """The silence as a finding of the last complete day."""
        since = f"{self.last_received_at:%Y-%m-%d %H:%M} UTC"
        return Oddity(
            source=self.source,
            day=until,
            kind="silent",
            what=f"silent, nothing has arrived since {since}",
            detail=f"{self.hours:.0f} hours without a row; {self.rhythm}",
            observed=self.hours,
            low=0.0,
            high=self.allowed or 0.0,
            measure=HOURS,
        )

    @property
    def rhythm(self) -> str:
        """The allowance in words."""
        if self.allowed is None:
            return "no rhythm known yet"
        return f"{'usually' if self.learned else 'set to be'} quiet for at most {self.allowed:.0f} h"


def silence(
    source: str,
    arrivals: Sequence[date],
    last_received_at: datetime,
    now: datetime,
    *,
    default_hours: float,
    configured_hours: float | None = None,
    quiet_days: Collection[date] = (),
) -> Silence:
    """Whether a source is quiet for longer than it may be.

    Without a figure of its own a source may be quiet for one and a half of its longest usual gap (95 % quantile of the
    gaps between days with arrivals in half a year), at least `default_hours`. One whose gaps differ much may be quiet
    for three of its longest gaps, or eight of its latest mean ones. One that came on fewer than four days (irregularly:
    eleven) has no rhythm and is never stale.

    Args:
        source: its name.
        arrivals: days (UTC) on which rows of it arrived, in any order.
        last_received_at: its newest arrival (aware).
        now: the moment to judge from (aware).
        default_hours: least allowance.
        configured_hours: allowance from the settings, instead of the learned one.
        quiet_days: days on which nobody expects anything.
    """
    hours = (now - last_received_at).total_seconds() / 3600
    resting = sum(last_received_at.date() < day <= now.date() for day in quiet_days)
    hours = max(0.0, hours - DAY_HOURS * resting)
    if configured_hours is not None:
        return Silence(source, last_received_at, hours, configured_hours, learned=False)
    since = now.date() - timedelta(days=WINDOW_DAYS)
    days = sorted({day for day in arrivals if since <= day <= now.date()})
    gaps = [(later - earlier).days for earlier, later in pairwise(days)]
    if len(gaps) < LEAST_GAPS:
        return Silence(source, last_received_at, hours, None, learned=True)
    allowed = _allowed_days(gaps)
    hours_allowed = None if allowed is None else max(default_hours, DAY_HOURS * allowed)
    return Silence(source, last_received_at, hours, hours_allowed, learned=True)


def _allowed_days(gaps: list[int]) -> float | None:
    """Days that a source with these gaps may be quiet; None where it is irregular and came too rarely to tell."""
    usual = float(np.quantile(gaps, 0.95, method="higher"))
    if usual <= GRACE * float(np.median(gaps)):
        return GRACE * usual
    if len(gaps) < IRREGULAR_GAPS:
        return None
    return max(IRREGULAR_GRACE * max(gaps), MEAN_GAPS * float(np.mean(gaps[-RECENT_GAPS:])))
