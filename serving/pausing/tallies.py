"""What all workers counted, by time: counts only grow, so what happened since a moment is a difference."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from serving.metrics.worker import Counted

Counts = Mapping[str, list[int]]
REQUESTS, EXPOSURES, CONVERSIONS = "requests", "exposures", "conversions"
_DECIDED = "/v1/decide\t200"
_SAMPLES_A_WINDOW = 30


def took(placement: str) -> str:
    """Key of the histogram of decisions for one placement."""
    return f"took\t{placement}"


def rung(placement: str, name: str) -> str:
    """Key of the decisions of one placement on one rung."""
    return f"rung\t{placement}\t{name}"


def failed(placement: str) -> str:
    """Key of the decisions of one placement that failed."""
    return f"failed\t{placement}"


def counts_of(counted: Counted) -> dict[str, list[int]]:
    """The counts of one worker that looks need."""
    # Copied first: requests go on counting in another thread.
    found = {took(name): list(histogram.counts) for name, histogram in list(counted.decisions.items())}
    found |= {f"rung\t{name}": [count] for name, count in list(counted.rungs.items())}
    found |= {failed(name): [count] for name, count in list(counted.failed.items())}
    if _DECIDED in counted.requests:
        found[REQUESTS] = list(counted.requests[_DECIDED].counts)
    found[EXPOSURES] = [sum(list(counted.exposures.values()))]
    found[CONVERSIONS] = [counted.conversions]
    return found


class Tallies:
    """Sums over the workers, kept as they stood at some moments of the last `window`."""

    def __init__(self, worker: str, window: timedelta) -> None:
        self._seen: dict[str, Counts] = {worker: {}}
        self._window = window
        self.total: dict[str, list[int]] = {}
        self._kept: deque[tuple[datetime, dict[str, list[int]]]] = deque()

    def add(self, workers: Iterable[Counted], now: datetime, *, keep: bool = False) -> None:
        """Take in what the workers have counted by now; with `keep` this moment can be asked for later.

        Of another worker only what it counts from the first sight on: what it did before may be days old.
        """
        if not self._kept or now < self._kept[-1][0]:
            # The beginning, or a clock that went back: nothing before can be told apart from what comes.
            self._kept.clear()
            self._keep(now)
        for counted in workers:
            counts, before = counts_of(counted), self._seen.get(counted.worker)
            if before is not None:
                self._grow(counts, before)
            self._seen[counted.worker] = counts
        if keep or now - self._kept[-1][0] >= self._window / _SAMPLES_A_WINDOW:
            self._keep(now)
        while len(self._kept) > 1 and self._kept[1][0] <= now - self._window:
            self._kept.popleft()

    def _keep(self, now: datetime) -> None:
        self._kept.append((now, {name: list(counts) for name, counts in self.total.items()}))

    def since(self, key: str, moment: datetime) -> list[int]:
        """What was counted since a moment, or since a little later: the first sample at or after it is the base."""
        now = self.total.get(key, [])
        base: list[int] = []
        for at, counts in self._kept:
            base = counts.get(key, [])
            if at >= moment:
                break
        return [count - (base[place] if place < len(base) else 0) for place, count in enumerate(now)]

    def counted_since(self, key: str, moment: datetime) -> int:
        """`since` of a single count, or of a histogram's number."""
        return sum(self.since(key, moment))

    def names(self, kind: str) -> set[str]:
        """Second parts of the keys that begin like this."""
        return {key.split("\t")[1] for key in self.total if key.startswith(f"{kind}\t")}

    def _grow(self, counts: Counts, before: Counts) -> None:
        for key, now in counts.items():
            old = before.get(key, [])
            grown = [max(0, count - (old[place] if place < len(old) else 0)) for place, count in enumerate(now)]
            held = self.total.setdefault(key, [0] * len(now))
            for place, count in enumerate(grown):
                held[place] += count
