"""Orders that the service saw, against those that its exposures usually bring."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import NamedTuple

# An order follows its page by minutes; the shop's orders as a whole follow its exposures within the hour.
WAIT = timedelta(hours=1)
_SPACING = timedelta(seconds=60)


class Usual(NamedTuple):
    """Exposures and orders that went through the service in the weeks before."""

    exposures: float
    conversions: float


class SinceLastOrder:
    """Exposures since the last order, without the youngest."""

    def __init__(self) -> None:
        self._kept: deque[tuple[datetime, int]] = deque()
        self._base = 0
        self._conversions = 0

    def add(self, exposures: int, conversions: int, now: datetime) -> None:
        """Take in the totals by now; they only grow."""
        if conversions > self._conversions:
            self._base, self._conversions = exposures, conversions
        if not self._kept or now - self._kept[-1][0] >= _SPACING:
            self._kept.append((now, exposures))
        while len(self._kept) > 1 and self._kept[1][0] <= now - WAIT:
            self._kept.popleft()

    def exposures(self, now: datetime) -> int:
        """Exposures since the last order that are at least an hour old."""
        old = [exposures for at, exposures in self._kept if at <= now - WAIT]
        return max(0, old[-1] - self._base) if old else 0
