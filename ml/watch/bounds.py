"""From where on a difference is news."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

# Days of a source that comes rarely: fewer say nothing about how much they differ from each other.
LEAST_DAYS = 6


@dataclass(frozen=True)
class Bounds:
    """Thresholds of the watch; each is a floor, since a source that scatters more is given more room.

    Attributes:
        history_weeks: same weekdays that a day is compared with, at most.
        minimum_weeks: fewer of them, and nothing is said about volume.
        minimum_history_days: days of history below which mix, shares and clocks are not judged (`knows`).
        minimum_events: expected events below which a volume says nothing.
        volume_factor: times more or less than expected, above 1.
        mix_index: population stability index of event types, categories, amounts or hours.
        share_change: absolute rise of a share of bad rows, 0-1.
        quiet_days: holidays, neither judged nor compared with.
        ignored: kinds that are not reported, by source (`*` is every source).
    """

    history_weeks: int = 8
    minimum_weeks: int = 3
    minimum_history_days: int = 14
    minimum_events: int = 20
    volume_factor: float = 1.5
    mix_index: float = 0.25
    share_change: float = 0.05
    quiet_days: frozenset[date] = frozenset()
    ignored: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def history_days(self) -> int:
        """The comparison window in days."""
        return 7 * self.history_weeks

    def knows(self, day: date, before: Sequence[date]) -> bool:
        """Whether these days before, in rising order, say what is usual; of a source that comes weekly fewer do."""
        rarely = len(before) >= LEAST_DAYS and (day - before[0]).days >= 2 * self.minimum_history_days
        return rarely or len(before) >= self.minimum_history_days

    def ignores(self, source: str, kind: str) -> bool:
        """Whether this kind is not reported for this source."""
        return kind in self.ignored.get(source, ()) or kind in self.ignored.get("*", ())
