"""What one worker has counted since it started."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from serving.metrics.histogram import Histogram
from serving.question import Decision

DAYS_KEPT = 8
ORDER = "order_completed"
_DECIDE = "/v1/decide"
_OK = 200


class Counted(msgspec.Struct):
    """Everything counted; keys of two parts are joined by a tab. `days` holds answered decision requests by date of the
    project's clock, `failed` decisions that raised an error and `exposures` what was told to be shown, both by
    placement, and `conversions` the orders that came in."""

    worker: str
    requests: dict[str, Histogram] = msgspec.field(default_factory=dict)
    decisions: dict[str, Histogram] = msgspec.field(default_factory=dict)
    rungs: dict[str, int] = msgspec.field(default_factory=dict)
    blocks: dict[str, int] = msgspec.field(default_factory=dict)
    events: dict[str, int] = msgspec.field(default_factory=dict)
    late: dict[str, int] = msgspec.field(default_factory=dict)
    failed: dict[str, int] = msgspec.field(default_factory=dict)
    exposures: dict[str, int] = msgspec.field(default_factory=dict)
    conversions: int = 0
    days: dict[str, Histogram] = msgspec.field(default_factory=dict)
    gauges: dict[str, float] = msgspec.field(default_factory=dict)
    snapshot_version: str = ""


class WorkerMetrics:
    """Counts requests, decisions and events; nothing here names a person."""

    def __init__(self, worker: str) -> None:
        self.counted = Counted(worker)
        self._today = Histogram()
        self._names: dict[tuple[str, str], str] = {}

    def begin_day(self, day: date) -> None:
        """Count decision requests for this day from now on; call it as often as you like."""
        days = self.counted.days
        name = day.isoformat()
        if name not in days:
            days[name] = Histogram()
            for old in sorted(days)[:-DAYS_KEPT]:
                del days[old]
        self._today = days[name]

    def request(self, endpoint: str, status: int, milliseconds: float) -> None:
        """One request answered."""
        _of(self.counted.requests, f"{endpoint}\t{status}").observe(milliseconds)
        if endpoint == _DECIDE and status == _OK:
            self._today.observe(milliseconds)

    def decision(self, decision: Decision, milliseconds: float) -> None:
        """One placement answered: how long it took, on which rung, and what was blocked by which rule."""
        placement = decision.placement
        _of(self.counted.decisions, placement).observe(milliseconds)
        _count(self.counted.rungs, self._named(placement, decision.rung))
        for blocked in decision.blocked:
            _count(self.counted.blocks, self._named(placement, blocked.rule))

    def _named(self, placement: str, what: str) -> str:
        """The key for two parts: as many as rungs and rules, and joining them anew takes half a microsecond."""
        found = self._names.get((placement, what))
        if found is None:
            found = self._names[placement, what] = f"{placement}\t{what}"
        return found

    def late(self, decision: Decision, cause: str) -> None:
        """One placement answered with what was prepared, for want of time or of room."""
        _count(self.counted.rungs, f"{decision.placement}\t{decision.rung}")
        _count(self.counted.late, f"{decision.placement}\t{cause}")

    def failed(self, placement: str) -> None:
        """One placement could not be answered: an error, whose request ends with 500."""
        _count(self.counted.failed, placement)

    def exposed(self, placement: str | None, n: int = 1) -> None:
        """Decisions told to be shown; without a placement it is not known of which."""
        _count(self.counted.exposures, placement or "", n)

    def ordered(self, types: Iterable[object]) -> None:
        """Event types of what was stored; orders are counted."""
        self.counted.conversions += sum(kind == ORDER for kind in types)

    def taken(self, stored: Sequence[object], suppressed: Sequence[object]) -> None:
        """Events of one request."""
        _count(self.counted.events, "stored", len(stored))
        _count(self.counted.events, "suppressed", len(suppressed))


def _of(held: dict[str, Histogram], name: str) -> Histogram:
    found = held.get(name)
    if found is None:
        found = held[name] = Histogram()
    return found


def _count(held: dict[str, int], name: str, n: int = 1) -> None:
    held[name] = held.get(name, 0) + n
